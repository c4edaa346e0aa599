#!/usr/bin/env bash
# Drive fiskaly-mockserver with curl: onboarding, a receipt, faults, a jump in time, the journal.
#
# Needs bash and curl. The environment variable FISKALY_MOCKSERVER may hold another command
# to start the server with.
set -euo pipefail
read -ra COMMAND <<<"${FISKALY_MOCKSERVER:-fiskaly-mockserver}"

fail() {
  echo "recipe.sh: $*" >&2
  exit 1
}
expect() { [ "$3" = "$2" ] || fail "$1: expected '$2', got '$3'"; }

# send METHOD URL [JSON] [TOKEN]: sets STATUS and ANSWER, and leaves the headers in $DIR/head.
send() {
  local options=(-sS -m 10 -X "$1" -D "$DIR/head" -o "$DIR/body" -w '%{http_code}')
  if [ -n "${3:-}" ]; then options+=(-H 'Content-Type: application/json' -d "$3"); fi
  if [ -n "${4:-}" ]; then options+=(-H "Authorization: Bearer $4"); fi
  STATUS=$(curl "${options[@]}" "$2") || return 1
  ANSWER=$(<"$DIR/body")
}
# call METHOD URL [JSON] [TOKEN] [STATUS]: the answer must have that status, 200 if not given.
call() {
  send "$@" || fail "$1 $2: no answer"
  expect "$1 $2 ($ANSWER)" "${5:-200}" "$STATUS"
}
# sign URL JSON TOKEN: what a till should do: if no answer comes, send the same revision again.
sign() {
  send PUT "$@" 2>/dev/null || send PUT "$@" || fail "PUT $1: no answer"
  expect "PUT $1 ($ANSWER)" 200 "$STATUS"
}
# receipt AMOUNT: a receipt over one amount at the normal rate, paid in cash.
receipt() {
  echo '"schema": {"standard_v1": {"receipt": {"receipt_type": "RECEIPT",
    "amounts_per_vat_rate": [{"vat_rate": "NORMAL", "amount": "'"$1"'"}],
    "amounts_per_payment_type": [{"payment_type": "CASH", "amount": "'"$1"'"}]}}}'
}
uuid() { uuidgen 2>/dev/null || cat /proc/sys/kernel/random/uuid; }
# take FIELD: the first such field of ANSWER, a text or a number. jq does it better.
take() {
  [[ $ANSWER =~ \"$1\":\"?([^\",}]*) ]] || fail "no $1 in $ANSWER"
  echo "${BASH_REMATCH[1]}"
}

# Start a server. It prints one line of JSON when it is ready.
DIR=$(mktemp -d)
mkfifo "$DIR/ready"
"${COMMAND[@]}" serve --json --port 0 --log-level off >"$DIR/ready" &
SERVER=$!
trap 'kill $SERVER 2>/dev/null || true; rm -rf "$DIR"' EXIT
read -r ANSWER <"$DIR/ready" || fail "the server did not start"
API=$(take base_url)
SIGN_DE=$(take sign_de_url)
MOCK=$(take control_url)

# 1. Seed: the same preset and seed give the same ids, keys and secrets everywhere.
call POST "$MOCK/seed" '{"preset": "enterprise", "seed": 42}'
VENDOR=$(take id)
LOGIN='{"api_key": "'$(take key)'", "api_secret": "'$(take secret)'"}'

# 2. Onboard a customer, while the first attempt to create its key fails with 503.
call POST "$API/auth" "$LOGIN"
TOKEN=$(take access_token)
REFRESH=$(take refresh_token)
call POST "$API/organizations" '{
  "name": "Kiosk am Hafen", "address_line1": "Hafenstrasse 1", "zip": "20359",
  "town": "Hamburg", "country_code": "DEU", "managed_by_organization_id": "'"$VENDOR"'"
}' "$TOKEN"
CUSTOMER=$(take _id)
call POST "$MOCK/faults" '{
  "operation": "createApiKey",
  "when": {"first": 1},
  "effect": {"kind": "status", "status": 503, "headers": {"Retry-After": "1"}}
}'
KEY='{"name": "till-1", "status": "enabled"}'
send POST "$API/organizations/$CUSTOMER/api-keys" "$KEY" "$TOKEN" || fail "no answer"
expect "the first attempt" 503 "$STATUS"
sleep "$(sed -n 's/^Retry-After: *\([0-9]*\).*/\1/p' "$DIR/head")"
call POST "$API/organizations/$CUSTOMER/api-keys" "$KEY" "$TOKEN"
TILL='{"api_key": "'$(take key)'", "api_secret": "'$(take secret)'"}'
call GET "$MOCK/faults"
expect "hits of the fault" 1 "$(take hits)"

# 3. The customer's key sees the customer, and nobody else.
call POST "$API/auth" "$TILL"
TILL_TOKEN=$(take access_token)
call GET "$API/organizations" "" "$TILL_TOKEN"
expect "how many the till sees" 1 "$(take count)"
expect "what the till sees" "$CUSTOMER" "$(take _id)"

# 4. A TSS of the customer: deployed, its PIN set by the PUK, initialized, and its till registered.
TSS=$SIGN_DE/tss/$(uuid)
call PUT "$TSS" '{}' "$TILL_TOKEN"
PUK=$(take admin_puk)
call PATCH "$TSS" '{"state": "UNINITIALIZED"}' "$TILL_TOKEN"
call PATCH "$TSS/admin" '{"admin_puk": "'"$PUK"'", "new_admin_pin": "123456"}' "$TILL_TOKEN"
call POST "$TSS/admin/auth" '{"admin_pin": "123456"}' "$TILL_TOKEN"
call PATCH "$TSS" '{"state": "INITIALIZED"}' "$TILL_TOKEN"
CLIENT=$(uuid)
call PUT "$TSS/client/$CLIENT" '{"serial_number": "KASSE-01"}' "$TILL_TOKEN"

# 5. A receipt: started, updated, and finished, though the answer to that is lost: signed once.
TX=$TSS/tx/$(uuid)
ACTIVE='"state": "ACTIVE", "client_id": "'$CLIENT'"'
FINISHED='"state": "FINISHED", "client_id": "'$CLIENT'"'
sign "$TX?tx_revision=1" "{$ACTIVE}" "$TILL_TOKEN"
sign "$TX?tx_revision=2" "{$ACTIVE, $(receipt 2.50)}" "$TILL_TOKEN"
call POST "$MOCK/faults" '{
  "operation": "upsertTransaction",
  "when": {"first": 1},
  "phase": "after",
  "effect": {"kind": "empty_reply"}
}'
sign "$TX?tx_revision=3" "{$FINISHED, $(receipt 4.80)}" "$TILL_TOKEN"
COUNTER=$(take counter)
QR_CODE=$(take qr_code_data)
expect "the QR code" "V0;KASSE-01;Kassenbeleg-V1" "${QR_CODE:0:26}"
call GET "$TSS" "" "$TILL_TOKEN"
expect "the last signature" "$(take signature_counter)" "$COUNTER"

# 6. Export everything that the TSS signed.
EXPORT=$TSS/export/$(uuid)
call PUT "$EXPORT" '{}' "$TILL_TOKEN"
until call GET "$EXPORT" "" "$TILL_TOKEN" && [ "$(take state)" = COMPLETED ]; do sleep 1; done
curl -sS -m 10 -o "$DIR/export.tar" -H "Authorization: Bearer $TILL_TOKEN" "$EXPORT/file"
LOGS=$(tar -tf "$DIR/export.tar" | grep -c '_No-1_Finish_Client-KASSE-01.log$')
expect "logs of the receipt's end" 1 "$LOGS"

# 7. 25 hours later the access token is over, and the refresh token is not.
call POST "$MOCK/clock" '{"advance": "25h"}'
call GET "$API/organizations/$CUSTOMER" "" "$TOKEN" 401
call POST "$API/auth" '{"refresh_token": "'"$REFRESH"'"}'
call GET "$API/organizations/$CUSTOMER" "" "$(take access_token)"

# 8. The journal: one such organization was created, and no request broke the contract.
call POST "$MOCK/journal/count" '{"operation": "createOrganization", "body": {"town": "Hamburg"}}'
expect "created" 1 "$(take count)"
call GET "$MOCK/journal/violations"
expect "violations" '{"exchanges":[],"dropped":0}' "$ANSWER"

# 9. Reset: the seeded organizations, real time, and nothing else.
call POST "$MOCK/reset"
call POST "$MOCK/journal/count" '{}'
expect "after the reset" 0 "$(take count)"
call POST "$API/auth" "$LOGIN"
call GET "$API/organizations/$CUSTOMER" "" "$(take access_token)" 404

kill -TERM $SERVER
wait $SERVER || fail "the server left with exit code $?"
echo ok
