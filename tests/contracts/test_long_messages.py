"""However much is wrong, a message stays short enough for a header's or a log's sake."""

import json

import pytest
from fiskaly_contracts import Checker, JsonValue, RequestData, Violation, Where, explain
from fiskaly_contracts.violations import (
    BRANCH_AT_MOST,
    EXPLAINED_AT_MOST,
    MEANT_AT_MOST,
    MESSAGE_AT_MOST,
)


def said(checker: Checker, operation_id: str, body: JsonValue) -> str:
    data = RequestData(
        operation_id=operation_id,
        content_type="application/json",
        body=json.dumps(body).encode(),
    )
    return explain(checker.request(data))


def broken(number: int, demand: str = "should be there") -> Violation:
    return Violation(
        where=Where.BODY, pointer=f"/f{number}", rule="type", expected="x", demand=demand
    )


def branched(*, count: int, closest: bool, rule: str = "oneOf") -> Violation:
    why = tuple(broken(number, "should be " + "long " * 20) for number in range(count))
    other = tuple(broken(number, "should be " + "short " * 20) for number in range(count))
    return Violation(
        where=Where.BODY,
        pointer="",
        rule=rule,
        expected="one",
        branches=(("One", why), ("Two", other)),
        closest=closest,
    )


@pytest.mark.parametrize(
    "name", ["x", "x" * 70, "\x00" * 70, "\U000e0001" * 70], ids=["x", "long", "nul", "tag"]
)
@pytest.mark.parametrize("operation_id", ["authenticate", "createOrganization", "createApiKey"])
def test_no_body_makes_a_message_without_end(
    checker: Checker, operation_id: str, name: str
) -> None:
    body: JsonValue = {f"{number:03}{name}": 1 for number in range(300)}
    message = said(checker, operation_id, body)
    assert len(message) <= MESSAGE_AT_MOST
    assert " more" in message
    assert message == said(checker, operation_id, body)


@pytest.mark.parametrize("closest", [True, False])
def test_branches_are_told_in_part_and_kept_whole(*, closest: bool) -> None:
    violation = branched(count=150, closest=closest)
    sentence = violation.sentence()
    assert len(sentence) < MEANT_AT_MOST + BRANCH_AT_MOST + 200
    assert sentence.startswith("body.f0 " if closest else "body should match exactly one schema")
    assert sentence.count(" more") == (1 if closest else 2)
    assert [len(why) for _, why in violation.branches] == [150, 150]


@pytest.mark.parametrize(("rule", "wanted"), [("oneOf", "exactly one"), ("anyOf", "some")])
def test_how_many_branches_have_to_fit_is_told(rule: str, wanted: str) -> None:
    sentence = branched(count=3, closest=False, rule=rule).sentence()
    assert sentence.startswith(f"body should match {wanted} schema in {rule} (")


def test_few_reasons_are_told_in_full() -> None:
    sentence = branched(count=3, closest=True).sentence()
    assert [sentence.count(f"body.f{number} ") for number in range(3)] == [1, 1, 1]
    assert " more" not in sentence


def test_sentences_are_told_until_the_message_is_full_and_the_rest_is_counted() -> None:
    violations = [broken(number, "should be " + "long " * 200) for number in range(30)]
    message = explain(violations)
    told = message.count("body.f")
    assert 0 < told < 30
    assert message.endswith(f", and {30 - told} more")
    assert len(message) <= MESSAGE_AT_MOST


def test_a_message_has_room_for_the_count_of_what_it_leaves_out() -> None:
    for length in range(950, 1_010):
        message = explain([broken(1, "x" * length) for _ in range(9)])
        assert len(message) <= MESSAGE_AT_MOST


@pytest.mark.parametrize(
    ("count", "end"), [(1, "f0 x"), (EXPLAINED_AT_MOST, "f99 x"), (EXPLAINED_AT_MOST + 2, "2 more")]
)
def test_so_many_violations_are_told_before_the_rest_is_counted(count: int, end: str) -> None:
    message = explain([broken(number, "x") for number in range(count)])
    assert message.count("body.") == min(count, EXPLAINED_AT_MOST)
    assert message.endswith(end)


def test_one_sentence_is_told_however_long_it_is() -> None:
    long = broken(1, "x" * MESSAGE_AT_MOST)
    assert explain([long]) == long.sentence()
    assert explain([long, broken(2), broken(3)]) == f"{long.sentence()}, and 2 more"
