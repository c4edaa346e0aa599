"""Coverage in a file: stable names, nothing lost, and clear words for a bad one."""

import json
from pathlib import Path
from typing import Any

import pytest
from fiskaly_contracts import Contract, JsonValue
from fiskaly_contracts.coverage import ContractCoverage, Coverage
from fiskaly_contracts.coverage.report import (
    CoverageError,
    apart,
    as_json,
    dump,
    from_json,
    load,
    rows,
    table,
    totals,
)

CONTRACT = Contract.bundled()


@pytest.fixture
def both() -> Coverage:
    both = Coverage()
    exchanges: list[tuple[str, int, list[str], JsonValue]] = [
        ("createApiKey", 200, [], {"name": "till-1", "status": "enabled"}),
        ("createApiKey", 503, [], None),
        ("listUsers", 200, ["limit"], None),
        ("", 404, [], None),
        ("", 404, [], None),
        ("createTss", 200, [], {"metadata": {}}),
    ]
    for name, status, query, body in exchanges:
        both.of(name).note(name, status, query, body)
    return both


@pytest.fixture
def coverage(both: Coverage) -> ContractCoverage:
    return both.apis["management"]


def test_the_document_has_the_promised_names(both: Coverage) -> None:
    whole: dict[str, Any] = as_json(both)
    assert (whole["schema"], whole["kind"]) == (2, "contract-coverage")
    assert list(whole) == ["schema", "kind", "contracts"]
    assert list(whole["contracts"]) == ["management", "sign-de"]
    assert whole["contracts"]["sign-de"]["operations"]["createTss"]["calls"] == 1
    document = whole["contracts"]["management"]
    assert list(document) == ["version", "exchanges", "scores", "operations", "unknown_routes"]
    assert document["exchanges"] == 5
    assert document["scores"]["operations"] == {"exercised": 2, "total": 20, "percent": 10.0}
    assert list(document["scores"]) == ["operations", "statuses", "fields", "overall"]
    assert set(document["operations"]) == set(CONTRACT.operations)
    assert document["operations"]["createApiKey"] == {
        "method": "POST",
        "path": "/organizations/{organization_id}/api-keys",
        "calls": 2,
        "statuses": {"200": 1},
        "statuses_left": [401, 404, 409],
        "other_statuses": {"503": 1},
        "fields": ["(ApiKeyCreate)", "/name", "/status"],
        "fields_left": ["(ManagedApiKeyCreate)", "/metadata", "/managed_by_organization_id"],
    }
    assert document["unknown_routes"] == {"404": 2}


def test_a_file_gives_back_what_was_written(both: Coverage, tmp_path: Path) -> None:
    path = tmp_path / "coverage.json"
    path.write_text("x" * 100_000, encoding="utf-8")
    dump(both, path)
    loaded = load(path)
    assert as_json(loaded) == as_json(both) == json.loads(path.read_bytes())
    loaded.merge(load(path))
    assert loaded.exchanges == 12
    assert loaded.apis["sign-de"].scores() == both.apis["sign-de"].scores()


def test_what_a_contract_does_not_have_raises_nothing(both: Coverage) -> None:
    document: dict[str, Any] = as_json(both)
    operations = document["contracts"]["management"]["operations"]
    operations["flyAway"] = operations["createApiKey"]
    operations["listUsers"]["fields"].append("?speed")
    loaded = from_json(document).apis["management"]
    assert loaded.scores() == both.apis["management"].scores()
    assert loaded.unknown() == {200: 1, 404: 2, 503: 1}


def test_of_a_server_without_sign_de_nothing_of_it_was_used(both: Coverage) -> None:
    document: dict[str, Any] = as_json(both)
    del document["contracts"]["sign-de"]
    assert [*from_json(document).used()] == ["management"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kind": "tree"}, 'it has no "kind": "contract-coverage"'),
        ({"schema": 1}, "its schema is 1, this version reads 2"),
        ({"schema": None}, "its schema is None"),
        ({"contracts": []}, "contracts should be an object, not an array"),
        ({"contracts": {"sign-de": 1}}, "contracts.sign-de should be an object, not an integer"),
    ],
)
def test_a_bad_document_is_refused_by_name(
    both: Coverage, tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    demand_refused({**as_json(both), **change}, tmp_path, told)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"version": "9.9"}, "version '9.9' of the contract management, not 0.12.0"),
        ({"operations": []}, "operations should be an object, not an array"),
        ({"operations": {"x": 1}}, "operations.x should be an object, not an integer"),
        ({"operations": {"x": {}}}, "operations.x.statuses should be an object, not null"),
        (
            {"operations": {"x": {"statuses": {"ok": 1}, "other_statuses": {}, "fields": []}}},
            "operations.x.statuses should be counted by status, not by 'ok'",
        ),
        (
            {"operations": {"x": {"statuses": {"200": 0}, "other_statuses": {}, "fields": []}}},
            "operations.x.statuses.200 should be a count",
        ),
        (
            {"operations": {"x": {"statuses": {"200": True}, "other_statuses": {}, "fields": []}}},
            "operations.x.statuses.200 should be a count, not a boolean",
        ),
        (
            {"operations": {"x": {"statuses": {}, "other_statuses": {}, "fields": [1]}}},
            "operations.x.fields should be an array of strings",
        ),
        ({"unknown_routes": None}, "unknown_routes should be an object, not null"),
    ],
)
def test_a_bad_part_of_it_is_refused_by_name(
    both: Coverage, tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    document: dict[str, Any] = as_json(both)
    document["contracts"]["management"] |= change
    demand_refused(document, tmp_path, told)


def demand_refused(document: object, folder: Path, told: str) -> None:
    path = folder / "bad.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(CoverageError) as refused:
        load(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert told in str(refused.value)


@pytest.mark.parametrize(
    "content", [b"", b"not json", b"\xff\xfe", b"[" * 100_000, b"1" * 5000], ids=range(5)
)
def test_what_is_not_json_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    with pytest.raises(CoverageError, match=r"bad\.json is not JSON$"):
        load(path)


def test_another_kind_of_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text("[]", encoding="utf-8")
    with pytest.raises(CoverageError, match="the document should be an object, not an array"):
        load(path)


def test_files_that_cannot_be_used_are_named(both: Coverage, tmp_path: Path) -> None:
    with pytest.raises(CoverageError, match=r"^cannot read .*none\.json: No such file"):
        load(tmp_path / "none.json")
    with pytest.raises(CoverageError, match=r"^cannot write .*none.*: No such file"):
        dump(both, tmp_path / "none" / "coverage.json")
    with pytest.raises(CoverageError, match=r"^cannot write "):
        dump(both, tmp_path)


def test_the_table_names_what_was_and_what_was_not_used(coverage: ContractCoverage) -> None:
    lines = list(rows(coverage, 60))
    assert lines[0].split() == ["operation", "calls", "statuses", "seen", "not", "seen", "fields"]
    row = next(number for number, line in enumerate(lines) if line.startswith("createApiKey"))
    assert lines[row].split() == [
        *("createApiKey", "2", "200", "401", "404", "409", "3", "of", "6")
    ]
    assert lines[row + 1] == "    not sent: (ManagedApiKeyCreate) /metadata"
    assert lines[row + 2] == "    /managed_by_organization_id"
    assert sum("not sent" in line for line in lines) == 2
    assert list(apart(coverage)) == [
        "counted apart, in no percentage:",
        "    createApiKey 503, unknown routes 404 (2x)",
    ]
    assert list(apart(ContractCoverage(CONTRACT))) == []
    assert totals(coverage).startswith("operations 2 of 20 (10.0 %), statuses 2 of 70 (2.8 %), ")
    assert "request fields 4 of 97 (4.1 %); overall 8 of 187 (4.2 %)" in totals(coverage)


def test_a_name_is_never_broken_at_the_end_of_a_line() -> None:
    names = ["a-long-name-with-hyphens", "another-long-name-with-hyphens"]
    one = {
        "operationId": "list",
        "parameters": [{"name": name, "in": "query", "schema": {}} for name in ("x", *names)],
        "responses": {"200": {"description": "fine"}},
    }
    document = {"openapi": "3.0.3", "info": {"version": "1"}, "paths": {"/x": {"get": one}}}
    coverage = ContractCoverage(Contract.from_document(document))
    coverage.note("list", 200, ["x"])
    *_, first, second = rows(coverage, 50)
    assert (first, second) == (f"    not sent: ?{names[0]}", f"    ?{names[1]}")


def test_a_line_too_short_for_names_has_one_name_each(coverage: ContractCoverage) -> None:
    names = ["not", "sent:", "(ManagedApiKeyCreate)", "/metadata", "/managed_by_organization_id"]
    for width in (-1, 0, 1, 8):
        lines = [*rows(coverage, width)]
        at = lines.index("    not")
        assert lines[at : at + 5] == [f"    {name}" for name in names]


def test_each_api_that_was_used_has_a_table_and_its_scores(both: Coverage) -> None:
    lines = [*table(both)]
    assert sum(line.startswith("operation ") for line in lines) == 2
    assert lines[-2].startswith("management: operations 2 of 20 (10.0 %), ")
    assert lines[-1].startswith("sign-de: operations 1 of 33 (3.0 %), ")
    assert [line.split(":")[0] for line in table(Coverage())][-1] == "management"


def test_an_api_is_judged_if_it_was_called(both: Coverage) -> None:
    assert [*both.under(100)] == ["management", "sign-de"]
    assert [*both.under(4)] == ["sign-de"]
    assert [*Coverage().under(1)] == ["management"]
    assert [*Coverage().under(0)] == []
    alone = Coverage()
    alone.of("createTss").note("createTss", 200)
    assert [*alone.under(100)] == ["sign-de"]


def test_an_unknown_route_belongs_to_the_api_of_its_base_path() -> None:
    coverage = Coverage()
    for path in ("/api/v2/tsss", "/s/mine/api/v2/x", "/api/v0/x", "/elsewhere"):
        coverage.of("", path).note("", 404)
    assert {name: one.exchanges for name, one in coverage.apis.items()} == {
        "management": 2,
        "sign-de": 2,
    }


def test_no_operation_of_two_contracts_has_the_same_name() -> None:
    names = [name for one in Coverage().apis.values() for name in one.contract.operations]
    assert len(names) == len(set(names))
