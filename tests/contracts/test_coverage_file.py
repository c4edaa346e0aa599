"""Coverage in a file: stable names, nothing lost, and clear words for a bad one."""

import json
from pathlib import Path
from typing import Any

import pytest
from fiskaly_contracts import Contract
from fiskaly_contracts.coverage import ContractCoverage
from fiskaly_contracts.coverage.report import (
    CoverageError,
    apart,
    as_json,
    dump,
    from_json,
    load,
    rows,
    totals,
)

CONTRACT = Contract.bundled()


@pytest.fixture
def coverage() -> ContractCoverage:
    coverage = ContractCoverage(CONTRACT)
    coverage.note("createApiKey", 200, (), {"name": "till-1", "status": "enabled"})
    coverage.note("createApiKey", 503)
    coverage.note("listUsers", 200, ["limit"])
    coverage.note("", 404)
    coverage.note("", 404)
    return coverage


def test_the_document_has_the_promised_names(coverage: ContractCoverage) -> None:
    document: dict[str, Any] = as_json(coverage)
    assert list(document) == [
        "schema",
        "kind",
        "contract",
        "exchanges",
        "scores",
        "operations",
        "unknown_routes",
    ]
    assert document["schema"] == 1
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


def test_a_file_gives_back_what_was_written(coverage: ContractCoverage, tmp_path: Path) -> None:
    path = tmp_path / "coverage.json"
    path.write_text("x" * 100_000, encoding="utf-8")
    dump(coverage, path)
    loaded = load(CONTRACT, path)
    assert as_json(loaded) == as_json(coverage) == json.loads(path.read_bytes())
    loaded.merge(load(CONTRACT, path))
    assert loaded.exchanges == 10
    assert loaded.scores() == coverage.scores()


def test_what_this_contract_does_not_have_raises_nothing(coverage: ContractCoverage) -> None:
    document: dict[str, Any] = as_json(coverage)
    document["operations"]["flyAway"] = document["operations"]["createApiKey"]
    document["operations"]["listUsers"]["fields"].append("?speed")
    loaded = from_json(CONTRACT, document)
    assert loaded.scores() == coverage.scores()
    assert loaded.unknown() == {200: 1, 404: 2, 503: 1}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kind": "tree"}, 'it has no "kind": "contract-coverage"'),
        ({"schema": 2}, "its schema is 2, this version reads 1"),
        ({"schema": None}, "its schema is None"),
        ({"contract": "9.9"}, "contract version '9.9', not 0.12.0"),
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
def test_a_bad_document_is_refused_by_name(
    coverage: ContractCoverage, tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    path = tmp_path / "bad.json"
    path.write_text(json.dumps({**as_json(coverage), **change}), encoding="utf-8")
    with pytest.raises(CoverageError) as refused:
        load(CONTRACT, path)
    assert str(refused.value).startswith(f"{path}: ")
    assert told in str(refused.value)


@pytest.mark.parametrize(
    "content", [b"", b"not json", b"\xff\xfe", b"[" * 100_000, b"1" * 5000], ids=range(5)
)
def test_what_is_not_json_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    with pytest.raises(CoverageError, match=r"bad\.json is not JSON$"):
        load(CONTRACT, path)


def test_another_kind_of_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text("[]", encoding="utf-8")
    with pytest.raises(CoverageError, match="the document should be an object, not an array"):
        load(CONTRACT, path)


def test_files_that_cannot_be_used_are_named(coverage: ContractCoverage, tmp_path: Path) -> None:
    with pytest.raises(CoverageError, match=r"^cannot read .*none\.json: No such file"):
        load(CONTRACT, tmp_path / "none.json")
    with pytest.raises(CoverageError, match=r"^cannot write .*none.*: No such file"):
        dump(coverage, tmp_path / "none" / "coverage.json")
    with pytest.raises(CoverageError, match=r"^cannot write "):
        dump(coverage, tmp_path)


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
