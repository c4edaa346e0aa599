"""`contract diff`: exit codes, levels, and what a suite uses."""

import json
from pathlib import Path
from typing import Any

import pytest
from cli.callers import run_verb, somebody_else
from fiskaly_contracts import Contract
from fiskaly_contracts.coverage import Coverage
from fiskaly_contracts.coverage.report import dump

COUNT = "response-property-type-changed"


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """The Management API's contract with a count that is a text."""
    document: Any = json.loads(json.dumps(Contract.bundled().document))
    document["components"]["schemas"]["Count"] = {"type": "string"}
    file = tmp_path / "new.json"
    file.write_text(json.dumps(document))
    return file


def test_no_change_ends_with_0() -> None:
    outcome = run_verb("contract", "diff", "bundled", "bundled")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == "contract diff bundled bundled: 0 errors, 0 warnings, 0 changes\n"


def test_a_breaking_change_ends_with_1_and_is_told_for_each_operation(changed: Path) -> None:
    outcome = run_verb("contract", "diff", "bundled", str(changed), "--json")
    assert outcome.code == 1
    found = [one for one in outcome.json["findings"] if one["rule"] == COUNT]
    assert {one["operation"] for one in found} == {
        "listOrganizations",
        "listApiKeys",
        "listUsers",
        "listBillingAddresses",
    }
    assert {one["side"] for one in found} == {"contract"}


def test_what_the_suite_does_not_call_is_a_warning_at_most(changed: Path, tmp_path: Path) -> None:
    coverage, used = tmp_path / "coverage.json", Coverage()
    dump(used, coverage)
    unused = run_verb("contract", "diff", "bundled", str(changed), "--used", str(coverage))
    assert unused.code == 0
    assert "(the suite does not call it)" in unused.out
    used.of("listUsers").note("listUsers", 200)
    dump(used, coverage)
    outcome = run_verb(
        "contract", "diff", "bundled", str(changed), "--used", str(coverage), "--json"
    )
    assert outcome.code == 1
    errors = [one for one in outcome.json["findings"] if one["severity"] == "error"]
    assert {one["operation"] for one in errors} == {"listUsers"}


def test_what_breaks_nobody_is_a_note(changed: Path) -> None:
    outcome = run_verb("contract", "diff", str(changed), str(changed))
    assert outcome.code == 0
    document = json.loads(changed.read_text())
    document["paths"]["/new"] = {"get": {"operationId": "fresh", "responses": {}}}
    newer = changed.with_name("newer.json")
    newer.write_text(json.dumps(document))
    outcome = run_verb("contract", "diff", str(changed), str(newer))
    assert outcome.code == 0
    assert "endpoint-added: fresh operation: the operation is new" in outcome.out


def test_all_that_is_said_of_one_place_is_told(tmp_path: Path) -> None:
    files = []
    for values in (["A", "B", "C"], ["A"]):
        schema = {"type": "object", "properties": {"c": {"type": "string", "enum": values}}}
        content = {"content": {"application/json": {"schema": schema}}}
        document = {
            "openapi": "3.0.3",
            "paths": {"/x": {"post": {"requestBody": content, "responses": {}}}},
        }
        files.append(tmp_path / f"{len(values)}.json")
        files[-1].write_text(json.dumps(document))
    [one] = run_verb("contract", "diff", *map(str, files), "--json").json["findings"]
    assert (one["message"], one["count"]) == ("/c is no longer B; /c is no longer C", 1)


def test_another_base_path_breaks_whatever_the_suite_calls(tmp_path: Path) -> None:
    document: Any = {**Contract.bundled().document, "servers": [{"url": "https://x/api/v1"}]}
    file, coverage = tmp_path / "new.json", tmp_path / "coverage.json"
    file.write_text(json.dumps(document))
    dump(Coverage(), coverage)
    outcome = run_verb("contract", "diff", "bundled", str(file), "--used", str(coverage), "--json")
    assert outcome.code == 1
    [one] = outcome.json["findings"]
    assert one["rule"] == "api-base-path-changed"
    assert one["message"] == "every path begins with /api/v1, and no longer with /api/v0"
    document["servers"] = [{"url": "http://127.0.0.1:8722/api/v0/"}]
    file.write_text(json.dumps(document))
    assert run_verb("contract", "diff", "bundled", str(file)).code == 0


@pytest.mark.parametrize("flag", [(), ("--allow-url",)])
@pytest.mark.parametrize("place", ["user:hunter2@{}", "{}/x?token=hunter2", "{}/a b?hunter2"])
def test_no_secret_of_an_address_is_told(place: str, flag: tuple[str, ...]) -> None:
    with somebody_else(404, b"") as url:
        address = "http://" + place.format(url.removeprefix("http://"))
        outcome = run_verb("contract", "diff", address, "bundled", *flag)
    assert outcome.code == 2
    assert url in outcome.err
    assert "hunter2" not in outcome.err


def test_no_secret_of_an_address_is_in_the_report() -> None:
    with somebody_else(200, json.dumps(Contract.bundled().document).encode()) as url:
        outcome = run_verb("contract", "diff", f"{url}/x?token=hunter2", "bundled", "--allow-url")
    assert (outcome.code, "hunter2" in outcome.out) == (0, False)


def test_an_address_is_read_only_where_that_is_allowed() -> None:
    with somebody_else(200, json.dumps(Contract.bundled().document).encode()) as url:
        refused = run_verb("contract", "diff", url, "bundled")
        read = run_verb("contract", "diff", url, "bundled", "--allow-url")
    assert refused.code == 2
    assert "--allow-url" in refused.err
    assert read.code == 0


def test_an_address_that_is_none_or_moves_is_one_line(closed_port: int) -> None:
    with somebody_else(302, b"") as moved:
        for url in (moved, f"http://127.0.0.1:{closed_port}/x", "http://127.0.0.1:x/a b"):
            outcome = run_verb("contract", "diff", url, "bundled", "--allow-url")
            assert outcome.code == 2
            assert outcome.err.startswith(f"Error: cannot read {url}: ")
            assert outcome.err.count("\n") == 1


@pytest.mark.parametrize("text", ["{", '{"operations": []}', '{"operations": {"a": 1}}'])
def test_what_is_no_coverage_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "coverage.json"
    file.write_text(text)
    outcome = run_verb("contract", "diff", "bundled", "bundled", "--used", str(file))
    assert outcome.code == 2
    assert "is no coverage of a contract" in outcome.err
