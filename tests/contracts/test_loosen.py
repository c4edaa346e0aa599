"""The lenient mode drops what no branch knows, and nothing else."""

from typing import Any

import pytest
from fiskaly_contracts import Contract, JsonValue, Severity, Violation
from fiskaly_contracts.fields import loosened


def loose(
    contract: Contract, operation_id: str, body: JsonValue
) -> tuple[JsonValue, list[Violation]]:
    schema = contract.operations[operation_id].body_schema
    return loosened(contract.document, schema, body, operation_id)


@pytest.mark.parametrize(
    ("body", "left", "pointers"),
    [
        ({"name": "abc"}, {"name": "abc"}, []),
        ({"name": "abc", "x": 1, "y/z": 2}, {"name": "abc"}, ["/x", "/y~1z"]),
        ({"name": [1], "map": {"any": 5}}, {"name": [1], "map": {"any": 5}}, []),
        ({"list": [{"x": 1}]}, {"list": [{"x": 1}]}, []),
        ({"hidden": {"x": 1}}, {"hidden": {"x": 1}}, []),
        ([1], [1], []),
        ("text", "text", []),
        (None, None, []),
    ],
    ids=str,
)
def test_unknown_properties_are_dropped(
    small_contract: Contract, body: JsonValue, left: JsonValue, pointers: list[str]
) -> None:
    value, dropped = loose(small_contract, "make", body)
    assert value == left
    assert [v.pointer for v in dropped] == pointers
    for violation in dropped:
        assert (violation.rule, violation.severity) == ("additionalProperties", Severity.ERROR)
        assert violation.operation_id == "make"
        assert violation.sentence().endswith("(dropped)")


def test_what_one_branch_knows_is_kept_for_all(small_contract: Contract) -> None:
    body: JsonValue = {"kind": "circle", "side": 1, "name": "x", "x": 1}
    value, dropped = loose(small_contract, "draw", body)
    assert value == {"kind": "circle", "side": 1, "name": "x"}
    assert [v.pointer for v in dropped] == ["/x"]


def test_a_branch_that_comes_twice_hides_no_other() -> None:
    named: dict[str, Any] = {"properties": {"name": {}}}
    closed = {"$ref": "#/closed"}
    document = {"closed": {"properties": {"zip": {}}, "additionalProperties": False}}
    for branches in ([named, closed, closed], [closed, closed, named]):
        value, dropped = loosened(
            document, {"anyOf": branches}, {"name": 1, "zip": 2, "x": 3}, "op"
        )
        assert value == {"name": 1, "zip": 2}
        assert [v.pointer for v in dropped] == ["/x"]


def test_the_body_is_not_changed_in_place(small_contract: Contract) -> None:
    body: JsonValue = {"name": "abc", "x": 1}
    loose(small_contract, "make", body)
    assert body == {"name": "abc", "x": 1}


def test_nested_objects_of_the_bundled_contract_are_loosened(contract: Contract) -> None:
    value, dropped = loose(
        contract,
        "createOrganization",
        {"billing_options": {"gln": "1", "x": 1}, "metadata": {"any": "thing"}, "typo": {}},
    )
    assert value == {"billing_options": {"gln": "1"}, "metadata": {"any": "thing"}}
    assert [v.pointer for v in dropped] == ["/billing_options/x", "/typo"]


def test_an_operation_without_a_body_loses_nothing(small_contract: Contract) -> None:
    assert loose(small_contract, "find", {"x": 1}) == ({"x": 1}, [])
