"""What the API could not show is not imported."""

from collections.abc import Iterator
from threading import current_thread
from typing import Any

import pytest
from fiskaly_contracts import Checker, JsonValue, Violation
from fiskaly_mockserver import MockServer
from fiskaly_mockserver.control.client import ControlRefused


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.mark.parametrize(
    ("table", "field", "value", "told"),
    [
        ("organizations", "country_code", "nowhere", "body.country_code should be equal to one"),
        ("organizations", "zip", "", "body.zip should NOT be shorter than 1 character"),
        ("api_keys", "created_at", -5, "body.created_at should be >= 0"),
        ("api_keys", "id", "x/y z", "body._id should match pattern"),
    ],
)
def test_a_row_that_breaks_the_contract_is_named_and_changes_nothing(
    server: MockServer, table: str, field: str, value: str | int, told: str
) -> None:
    before = server.control.export_state()
    state: Any = server.control.export_state()
    state[table][0][field] = value
    with pytest.raises(ControlRefused) as refused:
        server.control.import_state(state)
    assert refused.value.status == 409
    assert f"{table}[0]: {told}" in str(refused.value)
    assert server.control.export_state() == before


def test_rows_are_checked_beside_the_loop(
    server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: set[str] = set()
    value = Checker.value

    def noting(self: Checker, schema: str, shown: JsonValue) -> list[Violation]:
        threads.add(current_thread().name)
        return value(self, schema, shown)

    monkeypatch.setattr(Checker, "value", noting)
    server.control.import_state(server.control.export_state())
    assert threads
    assert "fiskaly-mockserver" not in threads
