"""The index of a contract, and what importing the package costs."""

import doctest
import subprocess
import sys
from importlib import import_module
from pkgutil import walk_packages

import fiskaly_contracts
import pytest
from fiskaly_contracts import Contract, Where
from fiskaly_contracts.fields import flatten


def test_openapi_core_is_never_imported_unless_it_judges() -> None:
    script = (
        "import sys, threading, fiskaly_contracts as c\n"
        "contract = c.Contract.bundled()\n"
        "heavy = {'openapi_core', 'jsonschema', 'jsonschema_path', 'openapi_schema_validator',"
        " 'aiohttp', 'pytest'}\n"
        "print(sorted((heavy | {'yaml', 'jsonschema_rs'}) & set(sys.modules)))\n"
        "checker = c.Checker(contract)\n"
        "bad = c.RequestData('listOrganizations', query=(('limit', '0'),))\n"
        "body = c.RequestData('authenticate', content_type='application/json', body=b'{}')\n"
        "answer = c.ResponseData('authenticate', 200, 'application/json', b'{}', {})\n"
        "print(len(checker.check(bad).refusing), len(checker.check(body).refusing))\n"
        "print(len(checker.value('CountryCode', 'de')), len(checker.response(answer)) > 3)\n"
        "print(sorted(heavy & set(sys.modules)), threading.active_count())\n"
        "other = c.Checker(contract, judge='openapi-core')\n"
        "print(other.check(bad) == checker.check(bad), 'openapi_core' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["[]", "1 1", "1 True", "[] 1", "True True"]


def test_an_unknown_name_of_the_package_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Chekcer'"):
        _ = fiskaly_contracts.Chekcer


def test_every_exported_name_exists() -> None:
    for name in fiskaly_contracts.__all__:
        assert getattr(fiskaly_contracts, name) is not None


def test_an_operation_knows_what_it_is(small_contract: Contract) -> None:
    find = small_contract.operations["find"]
    assert (find.method, find.path, find.summary) == ("GET", "/things/{thing_id}", "Find things")
    assert (find.has_body, find.secured, find.confidence) == (False, False, "assumed")
    assert find.sources == ("A-02", "SOMEBODY")
    assert find.assumptions == ("A-01", "A-02")
    assert find.statuses == (200, 204)
    assert [(p.name, p.where) for p in find.parameters][:2] == [
        ("thing_id", Where.PATH),
        ("limit", Where.QUERY),
    ]
    make = small_contract.operations["make"]
    assert (make.has_body, make.body_required, make.secured) == (True, True, True)
    assert make.body_schema == {"$ref": "#/components/schemas/Thing"}
    need = small_contract.operations["need"]
    assert (need.has_body, need.body_required) == (True, False)


def test_operations_come_in_the_order_of_the_document(small_contract: Contract) -> None:
    assert list(small_contract.operations) == ["find", "need", "make", "draw"]


def test_the_contract_knows_its_version_and_base_path(
    small_contract: Contract, contract: Contract
) -> None:
    assert (small_contract.version, small_contract.base_path) == ("1.2.3", "/base/v7")
    assert (contract.version, contract.base_path) == ("0.12.0", "/api/v0")


def test_a_server_hands_out_the_document_with_its_own_address(contract: Contract) -> None:
    served = contract.served_at("http://127.0.0.1:1/api/v0")
    assert served["servers"] == [{"url": "http://127.0.0.1:1/api/v0"}]
    assert {**served, "servers": None} == {**contract.document, "servers": None}
    assert contract.document["servers"] != served["servers"]


def test_the_bundled_contract_has_the_twenty_operations(contract: Contract) -> None:
    assert len(contract.operations) == 20
    for operation in contract.operations.values():
        assert operation.confidence in {"recorded", "documented", "client", "assumed"}
        assert operation.sources
        assert operation.summary
        assert 200 in operation.statuses
        assert operation.secured == (operation.operation_id != "authenticate")


@pytest.mark.parametrize("reference", ["#/components/schemas/None", "other.yaml#/x", "#/loop"])
def test_a_reference_that_leads_nowhere_is_an_error(reference: str) -> None:
    document = {
        "openapi": "3.0.3",
        "info": {"title": "t", "version": "1"},
        "loop": {"$ref": "#/loop"},
        "components": {"schemas": {}},
        "paths": {
            "/x": {
                "get": {
                    "operationId": "x",
                    "parameters": [{"$ref": reference}],
                    "responses": {"200": {"description": "x"}},
                }
            }
        },
    }
    with pytest.raises(LookupError):
        Contract.from_document(document)


def test_a_schema_that_several_ways_lead_to_hides_no_other() -> None:
    shared = {"type": "string"}
    others: list[dict[str, object]] = [{"type": "integer"}, {"allOf": [shared], "type": "number"}]
    found = flatten({}, [*others, {"anyOf": [shared, shared]}, shared])
    assert sorted(one["type"] for one in found if "type" in one) == ["integer", "number", "string"]


def test_a_path_item_may_be_overridden_by_its_operation() -> None:
    document = {
        "info": {"title": "t", "version": "1"},
        "paths": {
            "/x": {
                "parameters": [{"name": "a", "in": "query", "schema": {"type": "string"}}],
                "get": {
                    "operationId": "x",
                    "parameters": [
                        {"name": "a", "in": "query", "schema": {"type": "integer"}},
                        {"name": "c", "in": "cookie", "schema": {"type": "integer"}},
                    ],
                    "responses": {"default": {"description": "x"}},
                },
            }
        },
    }
    contract = Contract.from_document(document)
    (parameter,) = contract.operations["x"].parameters
    assert parameter.schema == {"type": "integer"}
    assert contract.base_path == ""


MODULES = [one.name for one in walk_packages(fiskaly_contracts.__path__, "fiskaly_contracts.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_are_true(name: str) -> None:
    assert doctest.testmod(import_module(name)).failed == 0
