<?php
// Onboards a customer and signs a receipt at hard-coded hosts; argument: curl or streams.
const MANAGEMENT = 'https://dashboard.fiskaly.com/api/v0';
const SIGN_DE = 'https://kassensichv-middleware.fiskaly.com/api/v2';
const TSS = '00000000-0000-4000-8000-000000000001';
const TILL = '00000000-0000-4000-8000-000000000002';
const TX = '00000000-0000-4000-8000-000000000003';

function by_curl(string $method, string $url, string $token, string $body): string|false
{
    $curl = curl_init($url);
    curl_setopt_array($curl, [
        CURLOPT_CUSTOMREQUEST => $method,
        CURLOPT_POSTFIELDS => $body,
        CURLOPT_HTTPHEADER => headers_of($token),
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_FAILONERROR => true,
    ]);
    $answer = curl_exec($curl);
    if ($answer === false) {
        fwrite(STDERR, curl_error($curl) . "\n");
    }
    return $answer;
}

function by_streams(string $method, string $url, string $token, string $body): string|false
{
    stream_context_set_option(stream_context_get_default(), [
        'http' => ['method' => $method, 'header' => headers_of($token), 'content' => $body],
    ]);
    return file_get_contents($url);
}

function headers_of(string $token): array
{
    return ['Content-Type: application/json', ...($token ? ["Authorization: Bearer $token"] : [])];
}

function call(string $method, string $url, string $token, array $body): array
{
    $by = 'by_' . $GLOBALS['argv'][1];
    $answer = $by($method, $url, $token, json_encode((object) $body));
    if ($answer === false) {
        exit(1);
    }
    return json_decode($answer, true);
}

$own = ['api_key' => getenv('FISKALY_API_KEY'), 'api_secret' => getenv('FISKALY_API_SECRET')];
$token = call('POST', MANAGEMENT . '/auth', '', $own)['access_token'];
$customer = call('POST', MANAGEMENT . '/organizations', $token, [
    'name' => 'Bakery',
    'address_line1' => 'Ring 1',
    'zip' => '10115',
    'town' => 'Berlin',
    'country_code' => 'DEU',
    'managed_by_organization_id' => getenv('FISKALY_ORGANIZATION_ID'),
])['_id'];
$key = call('POST', MANAGEMENT . "/organizations/$customer/api-keys", $token, [
    'name' => 'till-1',
    'status' => 'enabled',
]);
$login = ['api_key' => $key['key'], 'api_secret' => $key['secret']];
$token = call('POST', SIGN_DE . '/auth', '', $login)['access_token'];
$tss = SIGN_DE . '/tss/' . TSS;
$puk = call('PUT', $tss, $token, [])['admin_puk'];
call('PATCH', $tss, $token, ['state' => 'UNINITIALIZED']);
call('PATCH', "$tss/admin", $token, ['admin_puk' => $puk, 'new_admin_pin' => '1234567890']);
call('POST', "$tss/admin/auth", $token, ['admin_pin' => '1234567890']);
call('PATCH', $tss, $token, ['state' => 'INITIALIZED']);
call('PUT', "$tss/client/" . TILL, $token, ['serial_number' => 'till-1']);
$tx = "$tss/tx/" . TX . '?tx_revision=';
call('PUT', "{$tx}1", $token, ['state' => 'ACTIVE', 'client_id' => TILL]);
$finished = call('PUT', "{$tx}2", $token, [
    'state' => 'FINISHED',
    'client_id' => TILL,
    'schema' => ['standard_v1' => ['receipt' => [
        'receipt_type' => 'RECEIPT',
        'amounts_per_vat_rate' => [['vat_rate' => 'NORMAL', 'amount' => '1.19']],
        'amounts_per_payment_type' => [['payment_type' => 'CASH', 'amount' => '1.19']],
    ]]],
]);
echo $finished['signature']['value'], "\n";
