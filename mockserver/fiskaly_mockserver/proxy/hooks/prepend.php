<?php
// Leads PHP's streams through a proxy, where a call has no context of its own.
function fiskaly_mockserver_proxy(string $address): void
{
    stream_context_set_default(['http' => ['proxy' => "tcp://$address"]]);
}
