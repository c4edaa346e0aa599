"""`contract diff`: what breaks is told, the rest is no alarm, and every rule has its mirror."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from diff.mutations import Mutation
from diff.mutations_of_answers import MUTATIONS
from fiskaly_contracts import Contract, Severity
from fiskaly_contracts.diff import documents
from fiskaly_contracts.diff.compare import compare
from fiskaly_contracts.diff.documents import DiffError, read_document
from fiskaly_contracts.diff.rules import RULES, Change, Level

DOCUMENTS = {
    False: json.loads(json.dumps(Contract.bundled().document)),
    True: json.loads(json.dumps(Contract.sign_de().document)),
}


def mutated(mutation: Mutation) -> tuple[Any, Any]:
    old = DOCUMENTS[mutation.sign_de]
    new = copy.deepcopy(old)
    mutation.change(new)
    return old, new


def told(changes: list[Change]) -> set[str]:
    return {one.rule for one in changes}


@pytest.mark.parametrize("name", MUTATIONS)
def test_what_breaks_is_caught_and_nothing_else_is(name: str) -> None:
    mutation = MUTATIONS[name]
    changes = compare(*mutated(mutation))
    alarms = {one.rule for one in changes if one.level is not Level.INFO}
    assert told(changes) >= ({mutation.rule} if mutation.rule else set())
    assert bool(alarms) is mutation.breaking, alarms
    if not mutation.rule:
        assert changes == []


@pytest.mark.parametrize("name", [name for name, one in MUTATIONS.items() if one.rule])
def test_the_way_back_is_the_mirror(name: str) -> None:
    mutation = MUTATIONS[name]
    old, new = mutated(mutation)
    rule = RULES[mutation.rule]
    mirror = mutation.rule if rule.mirror == "itself" else rule.mirror
    back = told(compare(new, old))
    if mutation.rule.startswith("new-") and "request-property-removed-from-closed" in back:
        return  # the graver form of the mirror
    assert mirror in back if mirror else back


def test_there_are_mutations_enough_of_both_kinds() -> None:
    assert len(MUTATIONS) >= 60
    assert (
        min(sum(one.breaking is kind for one in MUTATIONS.values()) for kind in (True, False)) > 20
    )


def test_every_rule_has_its_mirror_or_a_reason() -> None:
    for name, rule in RULES.items():
        if rule.mirror in {"", "itself"}:
            assert bool(rule.no_mirror) is (rule.mirror == ""), name
            continue
        other = RULES[rule.mirror]
        assert other.mirror == name
        assert not rule.no_mirror
        # Both ways at once may only break where something is taken away on either side
        assert Level.INFO in {rule.level, other.level} or {rule.level, other.level} <= {
            Level.ERR,
            Level.WARN,
        }


def test_a_contract_is_no_change_of_itself() -> None:
    for document in DOCUMENTS.values():
        assert compare(document, copy.deepcopy(document)) == []


def test_a_change_is_told_at_its_place() -> None:
    mutation = MUTATIONS["count a text"]
    changes = compare(*mutated(mutation))
    places = {(one.operation, one.status, one.part, one.pointer) for one in changes}
    assert ("listOrganizations", "200", "body", "/count") in places
    [one] = [one for one in changes if one.operation == "listUsers"]
    assert one.message == "of status 200: the type of /count became string, not integer"
    finding = one.finding()
    assert (finding.severity, finding.status) == (Severity.ERROR, 200)
    unused = one.finding(used=False)
    assert unused.severity is Severity.WARNING
    assert unused.id == finding.id


def body(schema: Any, *, answer: bool = False) -> dict[str, Any]:
    content = {"content": {"application/json": {"schema": schema}}}
    node: dict[str, Any] = {"operationId": "op", "responses": {"200": {"description": "x"}}}
    node.update({"responses": {"200": content}} if answer else {"requestBody": content})
    return {"openapi": "3.0.3", "paths": {"/x": {"post": node}}}


CAT = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
CAT_OF_FORM = {"properties": {"a": {"maxLength": 5}}}
WIDE_CAT = {**CAT, "required": []}
DOG = {"type": "object", "required": ["bark"], "properties": {"bark": {"type": "boolean"}}}


@pytest.mark.parametrize(
    ("old", "new", "into", "out"),
    [
        # single to oneOf: the request widens, the answer too
        (CAT, {"oneOf": [CAT, DOG]}, ["one-of-added"], ["one-of-added"]),
        ({"oneOf": [CAT, DOG]}, CAT, ["one-of-removed"], ["one-of-removed"]),
        (CAT, {"oneOf": [CAT]}, [], []),
        (
            {"oneOf": [CAT, DOG]},
            {"oneOf": [DOG, WIDE_CAT]},
            ["became-optional"],
            ["one-of-added", "one-of-removed"],
        ),
        ({"anyOf": [CAT, DOG]}, {"anyOf": [DOG, CAT]}, [], []),
        ({"allOf": [CAT, DOG]}, {"allOf": [CAT]}, ["required-removed"], ["required-removed"]),
        ({"type": ["string", "null"]}, {"type": "string"}, ["not-nullable"], ["not-nullable"]),
        ({"type": "integer"}, {"type": "number"}, ["generalized"], ["generalized"]),
        (
            {"maximum": 5, "exclusiveMaximum": True},
            {"maximum": 5},
            ["max-increased"],
            ["max-increased"],
        ),
        ({"exclusiveMinimum": 5}, {"minimum": 5}, ["min-decreased"], ["min-decreased"]),
        ({"maximum": 5, "exclusiveMaximum": True}, {"exclusiveMaximum": 5}, [], []),
        ({"minimum": 5, "exclusiveMinimum": True}, {"exclusiveMinimum": 5}, [], []),
        ({"maximum": 5, "exclusiveMaximum": False}, {"maximum": 5}, [], []),
        ({"exclusiveMaximum": True}, {}, [], []),
        ({"minLength": 0, "minItems": 0, "uniqueItems": False}, {}, [], []),
        ({"maxLength": 0}, {}, ["max-length-unset"], ["max-length-unset"]),
        ({"minimum": 0}, {}, ["min-unset"], ["min-unset"]),
        ({"exclusiveMinimum": 5}, {"minimum": 6}, ["min-increased"], ["min-increased"]),
        ({"multipleOf": 4}, {"multipleOf": 2}, ["multiple-of-unset"], ["multiple-of-unset"]),
        ({"multipleOf": 2}, {"multipleOf": 4}, ["multiple-of-set"], ["multiple-of-set"]),
        ({"multipleOf": 2}, {"multipleOf": 3}, ["multiple-of-changed"], ["multiple-of-changed"]),
        (
            {"type": "array", "items": {"type": "string"}},
            {"type": "array", "items": {"type": "integer"}, "uniqueItems": True},
            ["type-changed", "unique-items-set"],
            ["type-changed", "unique-items-set"],
        ),
        (
            {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
            {"anyOf": [{"required": ["a"]}, {"required": ["c"]}]},
            ["one-of-added", "one-of-removed"],
            ["one-of-added", "one-of-removed"],
        ),
        ({"required": ["a"]}, {}, ["became-optional"], ["became-optional"]),
        ({"default": 1}, {"default": 2}, ["default-value-changed"], []),
        ({"default": 1}, {}, ["default-value-changed"], []),
        ({}, {"default": 1}, [], []),
        (
            {"const": "a"},
            {"const": "b"},
            ["enum-value-added", "enum-value-removed"],
            ["enum-value-added", "enum-value-removed"],
        ),
        ({"const": "a"}, {"enum": ["a"]}, [], []),
        ({"const": "a"}, {}, ["enum-removed"], ["enum-removed"]),
        ({"not": {"enum": [1]}}, {"not": {"enum": [2]}}, ["keyword-changed"], ["keyword-changed"]),
        ({"x-key-max-length": 40}, {}, ["keyword-changed"], ["keyword-changed"]),
        ({"items": True}, {"items": {}}, [], []),
        ({"items": True}, {"items": False}, ["keyword-changed"], ["keyword-changed"]),
        (
            {"allOf": [{"minLength": 2, "maxLength": 9}, {"minLength": 5, "maxLength": 7}]},
            {"allOf": [{"minLength": 2, "maxLength": 9}, {"minLength": 6, "maxLength": 7}]},
            ["min-length-increased"],
            ["min-length-increased"],
        ),
        ({"allOf": [{"maxItems": 9}, {"maxItems": 7}]}, {"maxItems": 7}, [], []),
        ({"allOf": [{"enum": [1, 2]}, {"enum": [2, 3]}]}, {"enum": [2]}, [], []),
        ({"allOf": [{}, {"additionalProperties": False}]}, {"additionalProperties": False}, [], []),
        (
            {"allOf": [{"properties": {"a": {"type": "string"}}}, CAT_OF_FORM]},
            {"allOf": [{"properties": {"a": {"type": "integer"}}}, CAT_OF_FORM]},
            ["type-changed"],
            ["type-changed"],
        ),
        (
            {"additionalProperties": {"type": "string", "maxLength": 5}},
            {"additionalProperties": {"type": "string", "maxLength": 9}},
            ["max-length-increased"],
            ["max-length-increased"],
        ),
    ],
)
def test_a_schema_is_compared_as_a_set_of_values(
    old: Any, new: Any, into: list[str], out: list[str]
) -> None:
    for ends, answer in ((into, False), (out, True)):
        rules = sorted(told(compare(body(old, answer=answer), body(new, answer=answer))))
        assert len(rules) == len(ends), rules
        for rule, end in zip(rules, sorted(ends), strict=True):
            assert rule.endswith(end) or end.split("-")[0] in rule


def test_what_two_parts_say_of_a_hidden_property_stays_hidden() -> None:
    hidden = {"properties": {"id": {"readOnly": True}}}
    old = body({"allOf": [hidden, {"properties": {"id": {"type": "string"}}}]})
    new = body({"allOf": [hidden, {"properties": {"id": {"type": "integer"}}}]})
    assert compare(old, new) == []


def test_a_circle_through_two_parts_is_cut() -> None:
    part = {"properties": {"next": {"$ref": "#/components/schemas/Node"}}}
    node = {"allOf": [part, copy.deepcopy(part)]}
    old = {**body({"$ref": "#/components/schemas/Node"}), "components": {"schemas": {"Node": node}}}
    assert compare(old, copy.deepcopy(old)) == []


def test_what_only_the_other_side_sees_is_left_aside() -> None:
    old = body({"properties": {"id": {"type": "string", "readOnly": True}}})
    new = body({"properties": {}, "additionalProperties": True})
    assert compare(old, new) == []


def test_circles_are_cut() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Node"}}}
    old = {**body({"$ref": "#/components/schemas/Node"}), "components": {"schemas": {"Node": node}}}
    new = copy.deepcopy(old)
    new["components"]["schemas"]["Node"]["required"] = ["next"]
    assert told(compare(old, new)) == {"request-property-became-required"}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ([], "should be an object"),
        ({}, "should say `openapi: 3.x`"),
        ({"swagger": "2.0", "paths": {}}, "should say `openapi: 3.x`"),
        ({"openapi": "3.0.0"}, "should have paths"),
        (body({"$ref": "other.yaml#/X"}), "'other.yaml#/X' is in another document"),
        (body({"$ref": "#/components/schemas/Gone"}), "components"),
        ({"openapi": "3.0.0", "paths": {"/x": 7}}, "malformed"),
        (
            {
                **body({"$ref": "#/components/schemas/A"}),
                "components": {
                    "schemas": {
                        "A": {"$ref": "#/components/schemas/B"},
                        "B": {"$ref": "#/components/schemas/A"},
                    }
                },
            },
            "cannot resolve",
        ),
        (
            {
                **body({"$ref": "#/components/schemas/A"}),
                "components": {"schemas": {"A": {"allOf": [{"$ref": "#/components/schemas/A"}]}}},
            },
            "nested too deep",
        ),
    ],
)
def test_what_cannot_be_compared_is_told_in_one_line(document: Any, said: str) -> None:
    with pytest.raises(DiffError) as refused:
        compare(document, document)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_documents_are_found_by_name_and_read_as_json_or_yaml(tmp_path: Path) -> None:
    bundled = Contract.bundled()
    assert read_document("bundled") == bundled.document
    assert read_document(f"bundled@{bundled.version}") == bundled.document
    assert read_document("bundled:sign-de") == Contract.sign_de().document
    document = body(CAT)
    for name, text in (("a.yaml", yaml.safe_dump(document)), ("a.json", json.dumps(document))):
        (tmp_path / name).write_text(text)
        assert read_document(str(tmp_path / name)) == document


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("bundled@0.0.1", "is not in this release"),
        ("bundled:other", "there are bundled, bundled:management"),
        ("https://contracts.example/x.yaml", "--allow-url"),
        ("gone.yaml", r"cannot read gone\.yaml"),
    ],
)
def test_a_document_that_is_not_there_is_named(name: str, said: str) -> None:
    with pytest.raises(DiffError, match=said):
        read_document(name)


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "neither JSON nor YAML"), ("- 1", "is no contract"), ("\x00", "neither")],
)
def test_a_file_that_is_no_document_is_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(DiffError, match=said):
        read_document(str(tmp_path / "x.yaml"))


def test_a_file_of_too_many_bytes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "x.json"
    file.write_text(json.dumps(body(CAT)))
    monkeypatch.setattr(documents, "LARGEST", file.stat().st_size)
    assert read_document(str(file)) == body(CAT)
    monkeypatch.setattr(documents, "LARGEST", file.stat().st_size - 1)
    with pytest.raises(DiffError, match=r"x\.json has more than \d+ bytes"):
        read_document(str(file))
