"""Patterns read as ECMA 262 reads them, formats that need no further package."""

import pytest
from fiskaly_contracts import Checker, Contract, JsonValue
from fiskaly_contracts.compiled.validators import Validators
from fiskaly_contracts.strictness import document_to_check, format_checks, matches


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("^[a-z]{3}$", "abc", True),
        ("^[a-z]{3}$", "abc\n", False),
        (r"^\d+$", "12", True),
        (r"^\d+$", "١٢", False),
        (r"^\w+$", "Müller", False),
        (r"^[\w]+$", "Müller", False),
        ("^.{3,}$", "Mül", True),
        ("^.{3,}$", "ab\u2028", False),
        ("^.{3,}$", "ab\r", False),
        ("^.{3,}$", "\U0001f600\U0001f600\U0001f600", True),
        (r"^[^@\s]+@[^@\s]+$", "a@b", True),
        (r"^[^@\s]+@[^@\s]+$", "a\u00a0@b", False),
        (r"^\s$", "\u3000", True),
        (r"^\S$", "\u3000", False),
        (r"^\S$", "x", True),
        (r"^[$.]$", "$", True),
        (r"^[$.]$", ".", True),
        (r"^[$.]$", "x", False),
        (r"^\$$", "$", True),
        (r"^a\.b$", "axb", False),
        (r"^[\]]$", "]", True),
        ("b", "abc", True),
        ("^(a|b$)", "b\n", False),
    ],
)
def test_a_pattern_matches_as_ecma_262_would(pattern: str, text: str, *, found: bool) -> None:
    assert matches(pattern, text) is found


@pytest.mark.parametrize("name", sorted(format_checks()))
def test_a_format_says_nothing_of_other_types(name: str) -> None:
    check = format_checks()[name]
    assert check(None)
    assert check([])
    assert check("x") is name.startswith("int")


BOUNDS: dict[str, tuple[str, list[JsonValue], list[JsonValue]]] = {
    "uuid": (
        "string",
        ["01234567-89ab-cdef-ABCD-EF0123456789"],
        [
            "0123456-89ab-cdef-ABCD-EF0123456789",
            "012345678-89ab-cdef-ABCD-EF0123456789",
            "01234567-89ab-cdef-ABCD-EF0123456789-0000",
            "01234567-89ab-cdef-EF0123456789",
            "01234567-89ab-cdef-ABCD-EF012345678g",
            "01234567-89ab-cdef-ABCD-EF0123456789\n",
            "",
        ],
    ),
    "email": (
        "string",
        ["a@b", "\u00e4@b", "x" * 252 + "@b"],
        ["a@", "@b", "a", "a@b@c", "a b@c", "a@b\n", "x" * 253 + "@b"],
    ),
    "date": (
        "string",
        ["2024-02-29", "0001-01-01", "9999-12-31"],
        ["2023-02-29", "2024-00-01", "2024-1-1", "20240101", "2024-01-01\n", "0000-01-01"],
    ),
    "date-time": (
        "string",
        ["2024-02-29T00:00:00Z", "2024-12-31T23:59:59.1234567-23:59", "2024-12-31T23:59:59+00:00"],
        [
            "2023-02-29T00:00:00Z",
            "2024-01-01T00:00:00",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00Z",
            "2024-01-01T00:60:00Z",
            "2024-01-01 00:00:00Z",
            "2024-01-01T00:00:00z",
            "2024-01-01T00:00:00Z\n",
        ],
    ),
    "int32": ("integer", [2**31 - 1, -(2**31), 0], [2**31, -(2**31) - 1]),
    "int64": ("integer", [2**63 - 1, -(2**63), 0], [2**63, -(2**63) - 1]),
}


@pytest.mark.parametrize("typed", [True, False])
@pytest.mark.parametrize("name", BOUNDS)
def test_both_judges_know_the_first_and_the_last_value_of_a_format(
    name: str, *, typed: bool
) -> None:
    kind, right, wrong = BOUNDS[name]
    check = format_checks()[name]
    schema = {"format": name} | ({"type": kind} if typed else {"nullable": True})
    accepts = Validators({}).of(schema).accepts
    for value in right:
        assert (check(value), accepts(value)) == (True, True), value
    for value in wrong:
        assert (check(value), accepts(value)) == (False, False), value
    assert accepts(1.5) is not typed
    assert accepts([]) is not typed


def test_the_bundled_contract_uses_no_format_that_goes_unchecked(contract: Contract) -> None:
    used: set[str] = set()
    stack: list[object] = [contract.document["components"]]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if isinstance(node.get("format"), str):
                used.add(node["format"])
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)
    assert used <= {*format_checks(), "password"}


def test_a_discriminator_decides_nothing_and_cannot_crash_the_check() -> None:
    cat = {"type": "object", "required": ["kind"], "properties": {"kind": {"enum": ["Cat"]}}}
    document = {
        "info": {"title": "t", "version": "1"},
        "paths": {},
        "components": {
            "schemas": {
                "Cat": cat,
                "Pet": {
                    "oneOf": [{"$ref": "#/components/schemas/Cat"}],
                    "discriminator": {"propertyName": "kind"},
                },
            }
        },
    }
    checker = Checker(Contract.from_document(document))
    assert checker.value("Pet", {"kind": "Cat"}) == []
    kinds: list[JsonValue] = [{}, [], "../../info", 5]
    for kind in kinds:
        assert [v.rule for v in checker.value("Pet", {"kind": kind})] == ["oneOf"]


def test_the_checked_document_loses_what_would_warn_or_distract(contract: Contract) -> None:
    checked = document_to_check(contract.document)
    assert "security" not in checked
    assert "servers" not in checked
    assert "security" not in checked["paths"]["/auth"]["post"]
    assert checked["components"]["schemas"] == contract.document["components"]["schemas"]  # type: ignore[index,call-overload]
