"""What the pages of the benchmarks say of figures that are made up here."""

from pathlib import Path

import pytest

from benchmarks.candidates import Bare, Candidate, Ours, Unchecked
from benchmarks.coldstart import COMMANDS, WRONG, Firsts, OneRoute, Start, Started
from benchmarks.coldstart import text as cold_text
from benchmarks.peers.candidates import OpenapiBackend, Prism
from benchmarks.proxy import DIRECT, OURS
from benchmarks.proxy import report as proxy_report
from benchmarks.pytest_table import Starts, Taken
from benchmarks.pytest_table import text as pytest_text
from benchmarks.report import Asked
from benchmarks.throughput_table import LOADS, MIX, Measured, Turn, plot, text
from benchmarks.tls import KEPT, NEW, WAYS
from benchmarks.tls import report as tls_report
from benchmarks.tls import table as tls_table


def measured(candidate: type[Candidate], *rates: float | None, cpu: float = 50) -> Measured:
    turns = [None if rate is None else Turn(rate, 1, 2, cpu) for rate in rates]
    return Measured(candidate(), "", turns=dict.fromkeys(LOADS, turns))


def rows(page: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in page.splitlines()
        if "|" in line
    ]


def verdicts(page: str) -> list[str]:
    return [row[-1] for row in rows(page) if row[-1] in {"kept", "missed", "not measured"}]


def test_the_fastest_checking_peer_is_what_ours_is_held_against() -> None:
    page = text(
        [
            measured(Ours, 900, 1_000, cpu=70),
            measured(Unchecked, 1_000, 1_100),
            measured(Bare, 9_000, 9_000),
            measured(Prism, 100, 100),
            measured(OpenapiBackend, 200, 250),
        ],
        {},
        rounds=2,
        seconds=3,
    )
    assert "fastest checking peer, openapi-backend" in page
    assert verdicts(page) == ["kept", "kept", "kept"]
    assert "| added by checks and journal, median | 20.0 µs |" in page


def test_a_round_with_errors_and_a_peer_that_is_not_there_are_told() -> None:
    page = text([measured(Ours, None, 100)], {"Prism": "not installed"}, rounds=2, seconds=3)
    assert "(1 invalid rounds)" in page
    assert "- Not measured: Prism: not installed" in page
    assert verdicts(page) == ["not measured"] * 3


def test_only_valid_rounds_make_a_rate() -> None:
    assert measured(Ours, None, 100, 300).of("rate").median == 200
    assert measured(Ours, None).of("rate", MIX).median is None
    assert "- /s" in plot([measured(Ours, None)])


def test_a_cold_start_is_held_against_the_script_and_prism() -> None:
    started = [
        Started(Ours(), "", [Start(150, 140, 50), Start(160, 150, 52)]),
        Started(OneRoute(), "", [Start(100, 90, 30), Start(100, 90, 30)]),
        Started(Prism(), "5", [Start(500, 400, 300), Start(500, 400, 300)]),
    ]
    page = cold_text(started, {}, Firsts(), rounds=2)
    assert "| cold start against the script | 1.55 | ≤ 1.30 | missed |" in page
    assert verdicts(page) == ["missed", "missed", "not measured"]
    assert verdicts(cold_text(started[1:], {}, Firsts(), rounds=2)) == ["not measured"] * 3


def test_exec_and_first_refusals_are_compared_one_by_one() -> None:
    firsts = Firsts(
        commands=dict(zip(COMMANDS, ([300.0, 420.0], [150.0, 200.0]), strict=True)),
        refusals={WRONG[0]: [(9.0, 4.0), (18.0, 5.0), (16.0, 4.0)], WRONG[1]: [(3.0, 3.0)]},
    )
    page = cold_text([], {}, firsts, rounds=2)
    assert "| `exec -- true` against the import of aiohttp | 2.05 | ≤ 2.00 | missed |" in page
    assert f"| {WRONG[0]} | 16.0 | 4.0 |" in page
    assert verdicts(page)[2:] == ["missed", "missed", "kept"]


def test_a_start_of_pytest_is_compared_run_by_run() -> None:
    taken = Taken([2.0], [2.0], [2.0])
    starts = Starts(
        clock={"with": [110, 210, 310], "without": [100, 200, 300]},
        cpu={"with": [100], "without": [91]},
    )
    tests = {"fake": Taken([2.1], [1.9], [2.0]), "httpserver": taken, "empty": taken}
    page = pytest_text(tests, starts, rounds=1)
    assert "| on the clock | 200.0 | 210.0 | 10.0 |" in page
    assert verdicts(page) == ["missed", "kept", "kept"]


def test_each_way_is_held_against_plain_http_with_the_same_connection() -> None:
    seconds = ((0.001, 0.002), (0.002, 0.008), (0.003, 0.012))
    taken = {
        (way, connection): one
        for way, pair in zip(WAYS, seconds, strict=True)
        for connection, one in zip((KEPT, NEW), pair, strict=True)
    }
    assert rows("\n".join(tls_table(taken)))[2:] == [
        ["plain HTTP", "1.000", "1.00", "2.000", "1.00"],
        ["TLS", "2.000", "2.00", "8.000", "4.00"],
        ["tunnel and TLS", "3.000", "3.00", "12.000", "6.00"],
    ]


def test_one_round_of_https_can_be_measured() -> None:
    page = tls_report(1)
    assert [row[0] for row in rows(page)[2:]] == [*WAYS]


def test_one_round_of_the_proxy_can_be_measured_without_any_peer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    page = proxy_report(Asked(quick=True, peers=tmp_path)).text
    assert [row[0] for row in rows(page)[2:]] == [DIRECT, OURS]
    assert page.count("Not measured: ") == 2
