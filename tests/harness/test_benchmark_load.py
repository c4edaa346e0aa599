"""What the benchmarks ask, and what they read from the load generator."""

import re
from pathlib import Path

import pytest
from fiskaly_contracts import Checker, Contract, RequestData

from benchmarks import mix
from benchmarks.asking import Request
from benchmarks.mix import Kind
from benchmarks.peers.wiremock import mappings
from benchmarks.wrk import load_file, parsed, spread_out

SAID = """\
Running 3s test @ http://127.0.0.1:8722
  1 threads and 32 connections
counted {"requests": 3000, "microseconds": 3000000, "p50": 4000, "p99": 9000,"""
SAID += ' "refused": %d, "broken": %d}\n'


def test_what_was_counted_is_read_in_seconds() -> None:
    counted = parsed(SAID % (0, 0))
    assert (counted.requests, counted.seconds) == (3000, 3.0)
    assert (counted.p50, counted.p99) == (0.004, 0.009)
    assert counted.valid


@pytest.mark.parametrize(("refused", "broken"), [(1, 0), (0, 1)])
def test_one_wrong_answer_makes_a_round_invalid(refused: int, broken: int) -> None:
    assert not parsed(SAID % (refused, broken)).valid


def test_a_load_generator_that_counts_nothing_is_told() -> None:
    with pytest.raises(ValueError, match="unable to connect"):
        parsed("unable to connect to 127.0.0.1:1 Connection refused")


def test_ten_requests_have_the_shares_of_the_mix_and_are_spread_out() -> None:
    turn = spread_out([kind for kind, share in mix.SHARES.items() for _ in range(share)])
    assert {kind: turn.count(kind) for kind in Kind} == dict(mix.SHARES)
    assert sum(mix.SHARES.values()) == 10
    lists = [place for place, kind in enumerate(turn) if kind is Kind.LIST]
    assert lists[1] - lists[0] > 2


def test_no_text_breaks_out_of_the_load_file(tmp_path: Path) -> None:
    odd = Request(method="GET", path='/"]] os.exit()', headers={"A": "é\n"}, body="}")
    written = load_file(tmp_path / "load.lua", {Kind.LIST: [odd]}, [Kind.LIST]).read_text("utf-8")
    assert re.fullmatch(r'[\w\s={}\[\],"\\]+', written)
    quoted = re.search(r'path = "([^"]*)"', written)
    assert quoted is not None
    assert bytes(map(int, quoted[1].split("\\")[1:])).decode() == odd.path


def test_the_mix_obeys_the_contract_and_its_wrong_request_does_not() -> None:
    checker = Checker(Contract.bundled())
    (create,) = mix.requests(mix.account(size=1), "/api/v0", "any")[Kind.CREATE]

    def breaches(request: Request) -> list[str]:
        data = RequestData(
            operation_id="createOrganization",
            content_type=request.headers["Content-Type"],
            body=request.body.encode(),
        )
        return [one.pointer for one in checker.request(data)]

    assert breaches(create) == []
    assert len(breaches(mix.wrong(create))) == 1


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (Kind.RETRIEVE, {"_id": 1, "_type": 1, "name": 1, "country_code": 1}, ""),
        (Kind.CREATE, {"_id": 1, "name": 1, "country_code": 1}, "lacks _type"),
        (Kind.LIST, {"data": [{"_id": 1, "name": 1}] * mix.PAGE}, ""),
        (Kind.LIST, {"data": [{"_id": 1, "name": 1}]}, f"not {mix.PAGE} rows in data"),
        (Kind.LIST, None, "no JSON object"),
    ],
)
def test_an_answer_of_another_shape_is_told(kind: Kind, value: object, said: str) -> None:
    assert mix.complaint(kind, value) == said


def test_peers_get_the_bundled_contract_with_our_answers_as_its_only_examples() -> None:
    answers = {operation_id: {"of": operation_id} for operation_id in mix.OPERATIONS}
    made = mix.contract_with(answers)
    assert made["paths"].keys() == Contract.bundled().document["paths"].keys()  # type: ignore[union-attr]
    for operation_id, (path, method) in mix.OPERATIONS.items():
        media = made["paths"][path][method]["responses"]["200"]["content"]["application/json"]
        assert [one["value"] for one in media["examples"].values()] == [answers[operation_id]]
    stubs = mappings(made, answers)["mappings"]
    assert {stub["response"]["jsonBody"]["of"] for stub in stubs} == answers.keys()
    assert "x-source" not in str(stubs)
