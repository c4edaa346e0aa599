# Drive fiskaly-mockserver from Ruby: onboarding, a receipt, faults, a jump in time, the journal.
#
# Needs Ruby 2.7 or newer and no gems. The environment variable FISKALY_MOCKSERVER may hold
# another command to start the server with.
require 'json'
require 'net/http'
require 'securerandom'

COMMAND = ENV.fetch('FISKALY_MOCKSERVER', 'fiskaly-mockserver').split

# Send a request. Use `call` where only one status will do.
def send_request(method, url, body: nil, token: nil)
  uri = URI(url)
  request = Net::HTTP.const_get(method.capitalize).new(uri)
  request['Authorization'] = "Bearer #{token}" if token
  if body
    request['Content-Type'] = 'application/json'
    request.body = JSON.generate(body)
  end
  # Net::HTTP would repeat a PUT by itself; what is repeated is said here.
  options = { read_timeout: 10, max_retries: 0 }
  Net::HTTP.start(uri.host, uri.port, options) { |http| http.request(request) }
end

# Return the body of an answer that must have this status.
def call(method, url, status: 200, **options)
  answer = send_request(method, url, **options)
  expect("#{method} #{url} (#{answer.body})", status, answer.code.to_i)
  JSON.parse(answer.body)
end

def expect(what, wanted, got)
  abort "#{what}: expected #{wanted.inspect}, got #{got.inspect}" unless got == wanted
end

# Do what a client should do: on a 503 wait as long as the server asks, and try again.
def create_key(url, **options)
  answer = send_request('POST', url, **options)
  if answer.code == '503'
    sleep answer['Retry-After'].to_i
    return call('POST', url, **options)
  end
  expect('the first attempt', '200', answer.code)
  JSON.parse(answer.body)
end

# Return a receipt over one amount at the normal rate, paid in cash.
def receipt(amount)
  rates = [{ vat_rate: 'NORMAL', amount: amount }]
  payments = [{ payment_type: 'CASH', amount: amount }]
  { standard_v1: { receipt: { receipt_type: 'RECEIPT', amounts_per_vat_rate: rates,
                              amounts_per_payment_type: payments } } }
end

# Do what a till should do: if no answer comes, send the same revision and body again.
def sign(url, **options)
  call('PUT', url, **options)
rescue EOFError, SystemCallError, Timeout::Error
  call('PUT', url, **options)
end

def run(api, sign_de, mock)
  # 1. Seed: the same preset and seed give the same ids, keys and secrets everywhere.
  tree = call('POST', "#{mock}/seed", body: { preset: 'enterprise', seed: 42 })
  vendor = tree['organizations'].first
  key = vendor['api_keys'].first
  login = { api_key: key['key'], api_secret: key['secret'] }

  # 2. Onboard a customer, while the first attempt to create its key fails with 503.
  session = call('POST', "#{api}/auth", body: login)
  token = session['access_token']
  profile = {
    name: 'Kiosk am Hafen',
    address_line1: 'Hafenstrasse 1',
    zip: '20359',
    town: 'Hamburg',
    country_code: 'DEU',
    managed_by_organization_id: vendor['id']
  }
  customer = call('POST', "#{api}/organizations", body: profile, token: token)['_id']
  fault = {
    operation: 'createApiKey',
    when: { first: 1 },
    effect: { kind: 'status', status: 503, headers: { 'Retry-After': '1' } }
  }
  call('POST', "#{mock}/faults", body: fault)
  made = create_key("#{api}/organizations/#{customer}/api-keys",
                    body: { name: 'till-1', status: 'enabled' }, token: token)
  expect('hits of the fault', 1, call('GET', "#{mock}/faults")['faults'].first['hits'])

  # 3. The customer's key sees the customer, and nobody else.
  till = call('POST', "#{api}/auth", body: { api_key: made['key'], api_secret: made['secret'] })
  seen = call('GET', "#{api}/organizations", token: till['access_token'])
  expect('what the till sees', [customer], seen['data'].map { |one| one['_id'] })

  # 4. A TSS of the customer: deployed, its PIN set by the PUK, initialized, and its till registered.
  as = { token: till['access_token'] }
  tss = "#{sign_de}/tss/#{SecureRandom.uuid}"
  puk = call('PUT', tss, body: {}, **as)['admin_puk']
  call('PATCH', tss, body: { state: 'UNINITIALIZED' }, **as)
  call('PATCH', "#{tss}/admin", body: { admin_puk: puk, new_admin_pin: '123456' }, **as)
  call('POST', "#{tss}/admin/auth", body: { admin_pin: '123456' }, **as)
  call('PATCH', tss, body: { state: 'INITIALIZED' }, **as)
  client = SecureRandom.uuid
  call('PUT', "#{tss}/client/#{client}", body: { serial_number: 'KASSE-01' }, **as)

  # 5. A receipt: started, updated, and finished, though the answer to that is lost: signed once.
  tx = "#{tss}/tx/#{SecureRandom.uuid}"
  active = { state: 'ACTIVE', client_id: client }
  sign("#{tx}?tx_revision=1", body: active, **as)
  sign("#{tx}?tx_revision=2", body: { **active, schema: receipt('2.50') }, **as)
  lost = {
    operation: 'upsertTransaction',
    when: { first: 1 },
    phase: 'after',
    effect: { kind: 'empty_reply' }
  }
  call('POST', "#{mock}/faults", body: lost)
  finished = { state: 'FINISHED', client_id: client, schema: receipt('4.80') }
  signed = sign("#{tx}?tx_revision=3", body: finished, **as)
  expect('the QR code', 'V0;KASSE-01;Kassenbeleg-V1', signed['qr_code_data'][0, 26])
  counter = call('GET', tss, **as)['signature_counter']
  expect('the last signature', counter, signed['signature']['counter'])

  # 6. Export everything that the TSS signed.
  export = "#{tss}/export/#{SecureRandom.uuid}"
  call('PUT', export, body: {}, **as)
  sleep 1 until call('GET', export, **as)['state'] == 'COMPLETED'
  tar = send_request('GET', "#{export}/file", **as).body
  expect("logs of the receipt's end", 1, tar.scan('_No-1_Finish_Client-KASSE-01.log').size)

  # 7. 25 hours later the access token is over, and the refresh token is not.
  call('POST', "#{mock}/clock", body: { advance: '25h' })
  call('GET', "#{api}/organizations/#{customer}", token: token, status: 401)
  session = call('POST', "#{api}/auth", body: { refresh_token: session['refresh_token'] })
  call('GET', "#{api}/organizations/#{customer}", token: session['access_token'])

  # 8. The journal: one such organization was created, and no request broke the contract.
  wanted = { operation: 'createOrganization', body: { town: 'Hamburg' } }
  expect('created', 1, call('POST', "#{mock}/journal/count", body: wanted)['count'])
  expect('violations', [], call('GET', "#{mock}/journal/violations")['exchanges'])

  # 9. Reset: the seeded organizations, real time, and nothing else.
  call('POST', "#{mock}/reset")
  expect('after the reset', 0, call('POST', "#{mock}/journal/count", body: {})['count'])
  token = call('POST', "#{api}/auth", body: login)['access_token']
  call('GET', "#{api}/organizations/#{customer}", token: token, status: 404)
end

server = IO.popen([*COMMAND, 'serve', '--json', '--port', '0', '--log-level', 'off'])
begin
  ready = JSON.parse(server.gets || abort('the server did not start'))
  run(ready['base_url'], ready['sign_de_url'], ready['control_url'])
ensure
  Process.kill(:TERM, server.pid)
  server.close # waits for its end
end
expect("the server's exit code", 0, $?.exitstatus)
puts 'ok'
