# Onboards a customer and signs a receipt at hard-coded hosts.
require "json"
require "net/http"

MANAGEMENT = "https://dashboard.fiskaly.com/api/v0"
SIGN_DE = "https://kassensichv-middleware.fiskaly.com/api/v2"
TSS, TILL, TX = (1..3).map { |number| "00000000-0000-4000-8000-00000000000#{number}" }

def call(method, url, token, body)
  uri = URI(url)
  request = Net::HTTP.const_get(method.capitalize).new(uri)
  request["Content-Type"] = "application/json"
  request["Authorization"] = "Bearer #{token}" unless token.empty?
  request.body = JSON.generate(body)
  answer = Net::HTTP.start(uri.host, uri.port, use_ssl: true) { |http| http.request(request) }
  abort answer.body unless answer.code == "200"
  JSON.parse(answer.body)
end

own = { api_key: ENV.fetch("FISKALY_API_KEY"), api_secret: ENV.fetch("FISKALY_API_SECRET") }
token = call("POST", "#{MANAGEMENT}/auth", "", own)["access_token"]
at = "#{MANAGEMENT}/organizations"
customer = call("POST", at, token, {
  name: "Bakery", address_line1: "Ring 1", zip: "10115", town: "Berlin", country_code: "DEU",
  managed_by_organization_id: ENV.fetch("FISKALY_ORGANIZATION_ID")
})["_id"]
key = call("POST", "#{at}/#{customer}/api-keys", token, { name: "till-1", status: "enabled" })
login = { api_key: key["key"], api_secret: key["secret"] }
token = call("POST", "#{SIGN_DE}/auth", "", login)["access_token"]
tss = "#{SIGN_DE}/tss/#{TSS}"
puk = call("PUT", tss, token, {})["admin_puk"]
call("PATCH", tss, token, { state: "UNINITIALIZED" })
call("PATCH", "#{tss}/admin", token, { admin_puk: puk, new_admin_pin: "1234567890" })
call("POST", "#{tss}/admin/auth", token, { admin_pin: "1234567890" })
call("PATCH", tss, token, { state: "INITIALIZED" })
call("PUT", "#{tss}/client/#{TILL}", token, { serial_number: "till-1" })
tx = "#{tss}/tx/#{TX}?tx_revision="
call("PUT", "#{tx}1", token, { state: "ACTIVE", client_id: TILL })
receipt = {
  receipt_type: "RECEIPT",
  amounts_per_vat_rate: [{ vat_rate: "NORMAL", amount: "1.19" }],
  amounts_per_payment_type: [{ payment_type: "CASH", amount: "1.19" }]
}
finished = call("PUT", "#{tx}2", token, {
  state: "FINISHED", client_id: TILL, schema: { standard_v1: { receipt: receipt } }
})
puts finished["signature"]["value"]
