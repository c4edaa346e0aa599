<?php
// Drive fiskaly-mockserver from PHP: onboarding, a receipt, faults, a jump in time, the journal.
//
// Needs PHP 7.4 or newer and no extension or package. The environment variable FISKALY_MOCKSERVER
// may hold another command to start the server with.
declare(strict_types=1);
ini_set('display_errors', 'stderr'); // what goes wrong is told there

class NoAnswer extends RuntimeException
{
}

/** Send a request; returns status, parsed body and headers. Bodies are arrays. */
function send(string $method, string $url, ?array $body = null, string $token = ''): array
{
    $headers = $token === '' ? [] : ["Authorization: Bearer $token"];
    if ($body !== null) {
        $headers[] = 'Content-Type: application/json';
    }
    $http = ['method' => $method, 'header' => $headers, 'ignore_errors' => true, 'timeout' => 10];
    if ($body !== null) {
        $http['content'] = json_encode($body ?: new stdClass());
    }
    $stream = @fopen($url, 'r', false, stream_context_create(['http' => $http]));
    if ($stream === false) {
        throw new NoAnswer("$method $url: no answer");
    }
    $lines = stream_get_meta_data($stream)['wrapper_data'];
    preg_match('/ (\d{3}) /', array_shift($lines), $status);
    $received = [];
    foreach ($lines as $line) {
        [$name, $value] = explode(':', $line, 2);
        $received[strtolower($name)] = trim($value);
    }
    $content = stream_get_contents($stream);
    return [(int) $status[1], json_decode($content, true) ?? $content, $received];
}

/** Return the body of an answer that must have this status; one that is no JSON as it is. */
function call(
    string $method,
    string $url,
    ?array $body = null,
    string $token = '',
    int $status = 200
) {
    [$got, $answer] = send($method, $url, $body, $token);
    expect("$method $url (" . json_encode($answer) . ')', $status, $got);
    return $answer;
}

function expect(string $what, $wanted, $got): void
{
    if ($got !== $wanted) {
        fail("$what: expected " . json_encode($wanted) . ', got ' . json_encode($got));
    }
}

function fail(string $message): void
{
    throw new RuntimeException($message);
}

/** Do what a client should do: on a 503 wait as long as the server asks, and try again. */
function createKey(string $url, array $body, string $token): array
{
    [$status, $answer, $headers] = send('POST', $url, $body, $token);
    if ($status === 503) {
        sleep((int) $headers['retry-after']);
        return call('POST', $url, $body, $token);
    }
    expect('the first attempt', 200, $status);
    return $answer;
}

/** Return a receipt over one amount at the normal rate, paid in cash. */
function receipt(string $amount): array
{
    return ['standard_v1' => ['receipt' => [
        'receipt_type' => 'RECEIPT',
        'amounts_per_vat_rate' => [['vat_rate' => 'NORMAL', 'amount' => $amount]],
        'amounts_per_payment_type' => [['payment_type' => 'CASH', 'amount' => $amount]],
    ]]];
}

/** Do what a till should do: if no answer comes, send the same revision and body again. */
function sign(string $url, array $body, string $token): array
{
    try {
        return call('PUT', $url, $body, $token);
    } catch (NoAnswer $error) {
        return call('PUT', $url, $body, $token);
    }
}

/** Return an id of one's own making, a UUID of version 4. */
function uuid(): string
{
    $form = '/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/';
    return preg_replace($form, '$1-$2-4$3-8$4-$5', bin2hex(random_bytes(16)));
}

function run(string $api, string $signDe, string $mock): void
{
    // 1. Seed: the same preset and seed give the same ids, keys and secrets everywhere.
    $tree = call('POST', "$mock/seed", ['preset' => 'enterprise', 'seed' => 42]);
    $vendor = $tree['organizations'][0];
    $key = $vendor['api_keys'][0];
    $login = ['api_key' => $key['key'], 'api_secret' => $key['secret']];

    // 2. Onboard a customer, while the first attempt to create its key fails with 503.
    $session = call('POST', "$api/auth", $login);
    $token = $session['access_token'];
    $customer = call('POST', "$api/organizations", [
        'name' => 'Kiosk am Hafen',
        'address_line1' => 'Hafenstrasse 1',
        'zip' => '20359',
        'town' => 'Hamburg',
        'country_code' => 'DEU',
        'managed_by_organization_id' => $vendor['id'],
    ], $token)['_id'];
    call('POST', "$mock/faults", [
        'operation' => 'createApiKey',
        'when' => ['first' => 1],
        'effect' => ['kind' => 'status', 'status' => 503, 'headers' => ['Retry-After' => '1']],
    ]);
    $keys = "$api/organizations/$customer/api-keys";
    $made = createKey($keys, ['name' => 'till-1', 'status' => 'enabled'], $token);
    expect('hits of the fault', 1, call('GET', "$mock/faults")['faults'][0]['hits']);

    // 3. The customer's key sees the customer, and nobody else.
    $till = ['api_key' => $made['key'], 'api_secret' => $made['secret']];
    $tillToken = call('POST', "$api/auth", $till)['access_token'];
    $seen = call('GET', "$api/organizations", null, $tillToken)['data'];
    expect('what the till sees', [$customer], array_column($seen, '_id'));

    // 4. A TSS of the customer: deployed, its PIN set by the PUK, initialized, its till registered.
    $tss = "$signDe/tss/" . uuid();
    $puk = call('PUT', $tss, [], $tillToken)['admin_puk'];
    call('PATCH', $tss, ['state' => 'UNINITIALIZED'], $tillToken);
    call('PATCH', "$tss/admin", ['admin_puk' => $puk, 'new_admin_pin' => '123456'], $tillToken);
    call('POST', "$tss/admin/auth", ['admin_pin' => '123456'], $tillToken);
    call('PATCH', $tss, ['state' => 'INITIALIZED'], $tillToken);
    $client = uuid();
    call('PUT', "$tss/client/$client", ['serial_number' => 'KASSE-01'], $tillToken);

    // 5. A receipt: started, updated, and finished, though the answer to that is lost: signed once.
    $tx = "$tss/tx/" . uuid();
    $active = ['state' => 'ACTIVE', 'client_id' => $client];
    sign("$tx?tx_revision=1", $active, $tillToken);
    sign("$tx?tx_revision=2", $active + ['schema' => receipt('2.50')], $tillToken);
    call('POST', "$mock/faults", [
        'operation' => 'upsertTransaction',
        'when' => ['first' => 1],
        'phase' => 'after',
        'effect' => ['kind' => 'empty_reply'],
    ]);
    $finished = ['state' => 'FINISHED', 'client_id' => $client, 'schema' => receipt('4.80')];
    $signed = sign("$tx?tx_revision=3", $finished, $tillToken);
    expect('the QR code', 'V0;KASSE-01;Kassenbeleg-V1', substr($signed['qr_code_data'], 0, 26));
    $counter = call('GET', $tss, null, $tillToken)['signature_counter'];
    expect('the last signature', $counter, $signed['signature']['counter']);

    // 6. Export everything that the TSS signed.
    $export = "$tss/export/" . uuid();
    call('PUT', $export, [], $tillToken);
    while (call('GET', $export, null, $tillToken)['state'] !== 'COMPLETED') {
        sleep(1);
    }
    $tar = call('GET', "$export/file", null, $tillToken);
    $logs = substr_count($tar, '_No-1_Finish_Client-KASSE-01.log');
    expect("logs of the receipt's end", 1, $logs);

    // 7. 25 hours later the access token is over, and the refresh token is not.
    call('POST', "$mock/clock", ['advance' => '25h']);
    call('GET', "$api/organizations/$customer", null, $token, 401);
    $session = call('POST', "$api/auth", ['refresh_token' => $session['refresh_token']]);
    call('GET', "$api/organizations/$customer", null, $session['access_token']);

    // 8. The journal: one such organization was created, and no request broke the contract.
    $wanted = ['operation' => 'createOrganization', 'body' => ['town' => 'Hamburg']];
    expect('created', 1, call('POST', "$mock/journal/count", $wanted)['count']);
    expect('violations', [], call('GET', "$mock/journal/violations")['exchanges']);

    // 9. Reset: the seeded organizations, real time, and nothing else.
    call('POST', "$mock/reset");
    expect('after the reset', 0, call('POST', "$mock/journal/count", [])['count']);
    $token = call('POST', "$api/auth", $login)['access_token'];
    call('GET', "$api/organizations/$customer", null, $token, 404);
}

$command = explode(' ', getenv('FISKALY_MOCKSERVER') ?: 'fiskaly-mockserver');
$serve = [...$command, 'serve', '--json', '--port', '0', '--log-level', 'off'];
$server = proc_open($serve, [1 => ['pipe', 'w']], $pipes);
try {
    $ready = json_decode(fgets($pipes[1]) ?: fail('the server did not start'), true);
    run($ready['base_url'], $ready['sign_de_url'], $ready['control_url']);
} finally {
    proc_terminate($server); // SIGTERM
    $code = proc_close($server);
}
expect("the server's exit code", 0, $code);
echo "ok\n";
