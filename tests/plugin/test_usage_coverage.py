"""The file of coverage, and the run that fails for want of it."""

import json
from typing import Any

import pytest
from fiskaly_contracts.coverage.report import load
from fiskaly_mockserver import MockServer

UNDER = "--fiskaly-coverage-fail-under"
GOOD = """
from api_client import count


def test_one(fiskaly_mock):
    assert count(fiskaly_mock) == 6
"""


@pytest.fixture
def counted(client: pytest.Pytester) -> pytest.Pytester:
    client.makepyfile(test_good=GOOD)
    return client


def read(suite: pytest.Pytester, name: str = "c.json") -> Any:
    return json.loads((suite.path / name).read_text(encoding="utf-8"))["contracts"]["management"]


@pytest.mark.parametrize("flags", [[], ["-q"], ["-p", "no:terminal"]], ids=str)
def test_the_file_holds_what_was_used(counted: pytest.Pytester, flags: list[str]) -> None:
    counted.runpytest("--fiskaly-coverage=c.json", *flags)
    document = read(counted)
    assert document["exchanges"] == 2
    assert document["scores"]["operations"] == {"exercised": 2, "total": 20, "percent": 10.0}
    assert document["operations"]["authenticate"]["fields"] == [
        "(ApiKeyAuthentication)",
        "/api_key",
        "/api_secret",
    ]
    assert load(counted.path / "c.json").exchanges == 2


def test_a_failing_run_writes_it_too(counted: pytest.Pytester) -> None:
    counted.makepyfile(test_bad="def test_bad(): assert False")
    result = counted.runpytest("--fiskaly-coverage=c.json", f"{UNDER}=99")
    result.assert_outcomes(passed=1, failed=1)
    assert "is under" not in str(result.stdout)
    assert read(counted)["exchanges"] == 2


@pytest.mark.parametrize(("least", "code"), [("3.7", 0), ("3.8", 1), ("0", 0), ("100", 1)])
def test_the_overall_percentage_decides(counted: pytest.Pytester, least: str, code: int) -> None:
    result = counted.runpytest(f"{UNDER}={least}", "-q")
    result.assert_outcomes(passed=1)
    assert result.ret == code
    told = f"ERROR: fiskaly: the coverage of management, 3.7 %, is under {UNDER}={least}"
    assert [line for line in result.outlines if "ERROR" in line] == ([told] if code else [])


def test_tests_that_use_nothing_of_ours_cover_nothing(suite: pytest.Pytester) -> None:
    suite.makepyfile("def test_one(): pass")
    result = suite.runpytest(f"{UNDER}=1", "--fiskaly-coverage=c.json")
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [f"ERROR: fiskaly: the coverage of management, 0.0 %, is under {UNDER}=1"]
    )
    assert read(suite)["exchanges"] == 0


@pytest.mark.parametrize(
    ("flags", "code"),
    [(["--collect-only"], 0), (["-k", "nothing"], 5), (["-k", "skip"], 0)],
    ids=str,
)
def test_a_run_of_no_test_is_not_judged(
    counted: pytest.Pytester, flags: list[str], code: int
) -> None:
    counted.makepyfile(
        test_skip="""
        import pytest

        @pytest.mark.skip
        def test_skip(): pass

        def test_skip_late(): pytest.skip("no")
        """
    )
    result = counted.runpytest(f"{UNDER}=99", "--fiskaly-coverage=c.json", *flags)
    assert result.ret == code
    assert "ERROR" not in str(result.stdout)
    assert not (counted.path / "c.json").exists()


@pytest.mark.parametrize(
    ("flag", "told"),
    [
        (["--fiskaly-coverage", "test_good.py"], "should end in .json"),
        (["--fiskaly-coverage", "test_good.py"], "pytest test_good.py --fiskaly-coverage"),
        (["--fiskaly-coverage=no/c.json"], "/no': make it first"),
        ([f"{UNDER}=much"], "is no percentage from 0 to 100"),
    ],
)
def test_bad_values_are_one_line(counted: pytest.Pytester, flag: list[str], told: str) -> None:
    result = counted.runpytest(*flag)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert told in str(result.stderr)
    assert "Traceback" not in str(result.stderr)


def test_ini_keys_say_the_same(counted: pytest.Pytester) -> None:
    counted.makepyprojecttoml(
        """
        [tool.pytest]
        asyncio_default_fixture_loop_scope = "function"
        fiskaly_coverage = "c.json"
        fiskaly_coverage_fail_under = "50"
        """
    )
    result = counted.runpytest("-q")
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["ERROR: fiskaly: the coverage of management, 3.7 %, is under *=50"]
    )
    assert read(counted)["exchanges"] == 2


def test_another_server_is_not_measured(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite.makepyfile("def test_one(): pass")
    with MockServer() as other:
        monkeypatch.setenv("FISKALY_API_KEY", other.credentials.key)
        monkeypatch.setenv("FISKALY_API_SECRET", other.credentials.secret)
        result = suite.runpytest(
            f"--fiskaly-url={other.base_url}", f"{UNDER}=99", "--fiskaly-coverage=c.json"
        )
    assert result.ret == 0
    result.stdout.fnmatch_lines(["fiskaly: coverage is not measured with --fiskaly-url"])
    assert not (suite.path / "c.json").exists()


def test_a_folder_that_goes_away_is_one_line(counted: pytest.Pytester) -> None:
    counted.mkdir("out")
    counted.makepyfile(test_rude="import os\n\ndef test_rude(): os.rmdir('out')")
    result = counted.runpytest("--fiskaly-coverage=out/c.json")
    result.assert_outcomes(passed=2)
    assert result.ret == 1
    lines = [line for line in result.outlines if "ERROR" in line]
    assert len(lines) == 1
    assert lines[0].startswith("ERROR: fiskaly: --fiskaly-coverage: cannot write ")
    assert lines[0].endswith("c.json: No such file or directory")
