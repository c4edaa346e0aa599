# Onboards a customer and signs a receipt at hard-coded hosts; argument: curl or wget.
set -eu
by=$1
MANAGEMENT=https://dashboard.fiskaly.com/api/v0
SIGN_DE=https://kassensichv-middleware.fiskaly.com/api/v2
TSS=00000000-0000-4000-8000-000000000001
TILL=00000000-0000-4000-8000-000000000002
TX=00000000-0000-4000-8000-000000000003

call() { # METHOD URL TOKEN BODY
  if [ "$by" = curl ]; then
    curl -sSf -X "$1" -H "Authorization: Bearer $3" -H "Content-Type: application/json" -d "$4" "$2"
  else
    wget -qO- --method="$1" --header="Authorization: Bearer $3" \
      --header="Content-Type: application/json" --body-data="$4" "$2"
  fi
}
value() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }

token=$(call POST $MANAGEMENT/auth "" \
  "{\"api_key\":\"$FISKALY_API_KEY\",\"api_secret\":\"$FISKALY_API_SECRET\"}" | value access_token)
customer=$(call POST $MANAGEMENT/organizations "$token" "{\"name\":\"Bakery\",
  \"address_line1\":\"Ring 1\",\"zip\":\"10115\",\"town\":\"Berlin\",\"country_code\":\"DEU\",
  \"managed_by_organization_id\":\"$FISKALY_ORGANIZATION_ID\"}" | value _id)
made=$(call POST "$MANAGEMENT/organizations/$customer/api-keys" "$token" \
  '{"name":"till-1","status":"enabled"}')
key=$(echo "$made" | value key)
secret=$(echo "$made" | value secret)
token=$(call POST $SIGN_DE/auth "" "{\"api_key\":\"$key\",\"api_secret\":\"$secret\"}" |
  value access_token)
tss=$SIGN_DE/tss/$TSS
puk=$(call PUT "$tss" "$token" '{}' | value admin_puk)
call PATCH "$tss" "$token" '{"state":"UNINITIALIZED"}' >/dev/null
call PATCH "$tss/admin" "$token" \
  "{\"admin_puk\":\"$puk\",\"new_admin_pin\":\"1234567890\"}" >/dev/null
call POST "$tss/admin/auth" "$token" '{"admin_pin":"1234567890"}' >/dev/null
call PATCH "$tss" "$token" '{"state":"INITIALIZED"}' >/dev/null
call PUT "$tss/client/$TILL" "$token" '{"serial_number":"till-1"}' >/dev/null
tx="$tss/tx/$TX?tx_revision="
call PUT "${tx}1" "$token" "{\"state\":\"ACTIVE\",\"client_id\":\"$TILL\"}" >/dev/null
call PUT "${tx}2" "$token" "{\"state\":\"FINISHED\",\"client_id\":\"$TILL\",\"schema\":{
  \"standard_v1\":{\"receipt\":{\"receipt_type\":\"RECEIPT\",
  \"amounts_per_vat_rate\":[{\"vat_rate\":\"NORMAL\",\"amount\":\"1.19\"}],
  \"amounts_per_payment_type\":[{\"payment_type\":\"CASH\",\"amount\":\"1.19\"}]}}}}" |
  sed 's/.*"signature"//' | value value
