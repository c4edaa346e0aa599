"""What clients made of the contracts in a server's whole life, as a control call tells it."""

from typing import Any

import pytest
from builders.signed_receipt import sign_receipt
from fiskaly_contracts.coverage.report import from_json
from fiskaly_mockserver import MockServer
from fiskaly_mockserver.control.client import Control
from fiskaly_mockserver.web.journal.lifetime import MOST_WAITING
from web.control.transports import TRANSPORTS, checked
from web.control.wire import Shop


@pytest.fixture(params=list(TRANSPORTS))
def fresh(request: pytest.FixtureRequest, serve: Any) -> tuple[Control, MockServer]:
    server = serve(journal_size=2, preset="single")
    return checked(TRANSPORTS[request.param](server)), server


def opened(server: MockServer, sandbox: str | None = None) -> Shop:
    key = server.credentials
    return Shop.of(server, sandbox).open({"key": key.key, "secret": key.secret})


def operation(control: Control, name: str, api: str = "management") -> Any:
    return next(
        one
        for one in from_json(control.coverage()).apis[api].operations()
        if one.operation_id == name
    )


def test_a_server_that_nobody_called_has_none(fresh: tuple[Control, MockServer]) -> None:
    coverage = from_json(fresh[0].coverage())
    assert [*coverage.apis] == ["management", "sign-de"]
    assert (coverage.exchanges, coverage.apis["management"].percent) == (0, 0)


def test_statuses_and_fields_count_and_refusals_of_the_form_do_not(
    fresh: tuple[Control, MockServer],
) -> None:
    control, server = fresh
    shop = opened(server)
    assert shop.create("Teehaus", metadata={"shop": "7"}).status == 200
    assert shop.create("Teehaus", zip=3, vat_id="x").status == 400
    assert shop.call("GET", "/organizations?limit=3&page=2").status == 200
    made = operation(control, "createOrganization")
    assert made.calls == 2
    assert (made.statuses, made.other_statuses) == ({200: 1}, {400: 1})
    assert {"/name", "/metadata", "(OrganizationCreate)"} <= {*made.fields}
    assert "/vat_id" in made.fields_left
    assert operation(control, "listOrganizations").fields == ("?limit",)


def test_what_the_journal_was_asked_for_before_counts_too(
    fresh: tuple[Control, MockServer],
) -> None:
    control, server = fresh
    assert opened(server).create("Teehaus", metadata={"long": "x" * 40_000}).status == 400
    assert opened(server).create("Teehaus", display_name="Tee").status == 200
    control.journal()
    assert "/display_name" in operation(control, "createOrganization").fields


def test_neither_reset_nor_overflow_nor_a_sandbox_takes_anything(
    fresh: tuple[Control, MockServer],
) -> None:
    control, server = fresh
    for sandbox in (None, "one"):
        opened(server, sandbox)
    control.drop_sandbox("one")
    control.reset()
    shop = opened(server)
    for _ in range(MOST_WAITING + 1):
        assert shop.call("GET", "/organizations").status == 200
    assert operation(control, "authenticate").calls == 3
    assert operation(control, "listOrganizations").calls == MOST_WAITING + 1


def test_each_api_has_its_own(fresh: tuple[Control, MockServer]) -> None:
    control, server = fresh
    sign_receipt(server)
    coverage = from_json(control.coverage())
    assert [*coverage.used()] == ["sign-de"]
    signed = operation(control, "upsertTransaction", "sign-de")
    assert (signed.calls, signed.statuses) == (2, {200: 2})
    assert "?tx_revision" in signed.fields
    assert "/schema/standard_v1/receipt/receipt_type" in signed.fields
    assert opened(server).call("GET", "/nowhere").status == 404
    again = from_json(control.coverage()).apis
    assert again["management"].unknown() == {404: 1}
    assert again["sign-de"].exchanges == coverage.apis["sign-de"].exchanges


def test_a_server_without_sign_de_tells_of_one_api(serve: Any) -> None:
    coverage: Any = serve(sign_de=False, preset="single").control.coverage()
    assert [*coverage["contracts"]] == ["management"]
    assert coverage["schema"] == 2
