// Drive fiskaly-mockserver from Node: onboarding, a receipt, faults, a jump in time, the journal.
//
// Needs Node 18 or newer and no packages. The environment variable FISKALY_MOCKSERVER may hold
// another command to start the server with.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const [command, ...flags] = (process.env.FISKALY_MOCKSERVER ?? 'fiskaly-mockserver').split(' ');

/** Send a request. Use `call` where only one status will do. */
function send(method, url, { body, token } = {}) {
  const headers = {};
  if (body) headers['Content-Type'] = 'application/json';
  if (token) headers.Authorization = `Bearer ${token}`;
  const signal = AbortSignal.timeout(10_000);
  return fetch(url, { method, headers, body: body && JSON.stringify(body), signal });
}

/** Return the body of an answer that must have this status. */
async function call(method, url, { status = 200, ...options } = {}) {
  const answer = await send(method, url, options);
  const text = await answer.text();
  assert.equal(answer.status, status, `${method} ${url}: ${answer.status} ${text}`);
  return JSON.parse(text);
}

/** Do what a client should do: on a 503 wait as long as the server asks, and try again. */
async function createKey(url, options) {
  const answer = await send('POST', url, options);
  if (answer.status === 503) {
    await sleep(1000 * Number(answer.headers.get('Retry-After')));
    return call('POST', url, options);
  }
  assert.equal(answer.status, 200, 'the first attempt');
  return answer.json();
}

/** Return a receipt over one amount at the normal rate, paid in cash. */
function receipt(amount) {
  return {
    standard_v1: {
      receipt: {
        receipt_type: 'RECEIPT',
        amounts_per_vat_rate: [{ vat_rate: 'NORMAL', amount }],
        amounts_per_payment_type: [{ payment_type: 'CASH', amount }],
      },
    },
  };
}

/** Do what a till should do: if no answer comes, send the same revision and body again. */
async function sign(url, options) {
  const answer = await send('PUT', url, options).catch(() => send('PUT', url, options));
  assert.equal(answer.status, 200, url);
  return answer.json();
}

async function run(api, signDe, mock) {
  // 1. Seed: the same preset and seed give the same ids, keys and secrets everywhere.
  const tree = await call('POST', `${mock}/seed`, { body: { preset: 'enterprise', seed: 42 } });
  const [vendor] = tree.organizations;
  const [{ key, secret }] = vendor.api_keys;
  const login = { api_key: key, api_secret: secret };

  // 2. Onboard a customer, while the first attempt to create its key fails with 503.
  const session = await call('POST', `${api}/auth`, { body: login });
  const token = session.access_token;
  const profile = {
    name: 'Kiosk am Hafen',
    address_line1: 'Hafenstrasse 1',
    zip: '20359',
    town: 'Hamburg',
    country_code: 'DEU',
    managed_by_organization_id: vendor.id,
  };
  const customer = await call('POST', `${api}/organizations`, { body: profile, token });
  const fault = {
    operation: 'createApiKey',
    when: { first: 1 },
    effect: { kind: 'status', status: 503, headers: { 'Retry-After': '1' } },
  };
  await call('POST', `${mock}/faults`, { body: fault });
  const made = await createKey(`${api}/organizations/${customer._id}/api-keys`, {
    body: { name: 'till-1', status: 'enabled' },
    token,
  });
  const { faults } = await call('GET', `${mock}/faults`);
  assert.equal(faults[0].hits, 1, 'hits of the fault');

  // 3. The customer's key sees the customer, and nobody else.
  const till = await call('POST', `${api}/auth`, {
    body: { api_key: made.key, api_secret: made.secret },
  });
  const seen = await call('GET', `${api}/organizations`, { token: till.access_token });
  assert.deepEqual(seen.data.map((one) => one._id), [customer._id], 'what the till sees');

  // 4. A TSS of the customer: deployed, its PIN set by the PUK, initialized, and its till registered.
  const as = { token: till.access_token };
  const tss = `${signDe}/tss/${randomUUID()}`;
  const { admin_puk } = await call('PUT', tss, { body: {}, ...as });
  await call('PATCH', tss, { body: { state: 'UNINITIALIZED' }, ...as });
  await call('PATCH', `${tss}/admin`, { body: { admin_puk, new_admin_pin: '123456' }, ...as });
  await call('POST', `${tss}/admin/auth`, { body: { admin_pin: '123456' }, ...as });
  await call('PATCH', tss, { body: { state: 'INITIALIZED' }, ...as });
  const client_id = randomUUID();
  await call('PUT', `${tss}/client/${client_id}`, { body: { serial_number: 'KASSE-01' }, ...as });

  // 5. A receipt: started, updated, and finished, though the answer to that is lost: signed once.
  const tx = `${tss}/tx/${randomUUID()}`;
  const active = { state: 'ACTIVE', client_id };
  await sign(`${tx}?tx_revision=1`, { body: active, ...as });
  await sign(`${tx}?tx_revision=2`, { body: { ...active, schema: receipt('2.50') }, ...as });
  const lost = {
    operation: 'upsertTransaction',
    when: { first: 1 },
    phase: 'after',
    effect: { kind: 'empty_reply' },
  };
  await call('POST', `${mock}/faults`, { body: lost });
  const finished = { state: 'FINISHED', client_id, schema: receipt('4.80') };
  const signed = await sign(`${tx}?tx_revision=3`, { body: finished, ...as });
  assert.match(signed.qr_code_data, /^V0;KASSE-01;Kassenbeleg-V1;/, 'the QR code');
  const { signature_counter } = await call('GET', tss, as);
  assert.equal(signed.signature.counter, signature_counter, 'the last signature');

  // 6. Export everything that the TSS signed.
  const file = `${tss}/export/${randomUUID()}`;
  await call('PUT', file, { body: {}, ...as });
  while ((await call('GET', file, as)).state !== 'COMPLETED') await sleep(1000);
  const tar = await (await send('GET', `${file}/file`, as)).text();
  const logs = tar.split('_No-1_Finish_Client-KASSE-01.log').length - 1;
  assert.equal(logs, 1, "logs of the receipt's end");

  // 7. 25 hours later the access token is over, and the refresh token is not.
  const own = `${api}/organizations/${customer._id}`;
  await call('POST', `${mock}/clock`, { body: { advance: '25h' } });
  await call('GET', own, { token, status: 401 });
  const renewed = await call('POST', `${api}/auth`, {
    body: { refresh_token: session.refresh_token },
  });
  await call('GET', own, { token: renewed.access_token });

  // 8. The journal: one such organization was created, and no request broke the contract.
  const wanted = { operation: 'createOrganization', body: { town: 'Hamburg' } };
  const { count } = await call('POST', `${mock}/journal/count`, { body: wanted });
  assert.equal(count, 1, 'created');
  const { exchanges } = await call('GET', `${mock}/journal/violations`);
  assert.deepEqual(exchanges, [], 'violations');

  // 9. Reset: the seeded organizations, real time, and nothing else.
  await call('POST', `${mock}/reset`);
  const left = await call('POST', `${mock}/journal/count`, { body: {} });
  assert.equal(left.count, 0, 'after the reset');
  const again = await call('POST', `${api}/auth`, { body: login });
  await call('GET', own, { token: again.access_token, status: 404 });
}

const serve = [...flags, 'serve', '--json', '--port', '0', '--log-level', 'off'];
const server = spawn(command, serve, { stdio: ['ignore', 'pipe', 'inherit'] });
const exit = once(server, 'exit');
try {
  const [line] = await Promise.race([once(createInterface(server.stdout), 'line'), exit]);
  assert.equal(typeof line, 'string', 'the server did not start');
  const ready = JSON.parse(line);
  await run(ready.base_url, ready.sign_de_url, ready.control_url);
} finally {
  server.kill('SIGTERM');
}
const [code] = await exit;
assert.equal(code, 0, "the server's exit code");
console.log('ok');
