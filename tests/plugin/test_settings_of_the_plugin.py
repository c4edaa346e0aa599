"""Options and ini keys: what wins over what, and how mistakes are told."""

import pytest
from pytest_fiskaly.options import SETTINGS, table

SHOW = """
import pytest


def test_preset(fiskaly_tree):
    print("plain:", fiskaly_tree.preset, fiskaly_tree.seed)


@pytest.mark.fiskaly(preset="live", seed=4)
def test_marked(fiskaly_tree):
    print("marked:", fiskaly_tree.preset, fiskaly_tree.seed)
"""
CONFIGURED = """
import pytest
from pytest_fiskaly import ServerConfig


@pytest.fixture(scope="session")
def fiskaly_mock_config():
    return ServerConfig(port=0, preset="single", seed=2)
"""


@pytest.mark.parametrize(
    ("arguments", "plain"),
    [
        ((), "single 2"),
        (("-o", "fiskaly_preset=white-label"), "white-label 2"),
        (("-o", "fiskaly_preset=white-label", "--fiskaly-preset=enterprise"), "enterprise 2"),
        (("--fiskaly-seed=3",), "single 3"),
    ],
)
def test_marker_beats_option_beats_ini_beats_fixture(
    client: pytest.Pytester, arguments: tuple[str, ...], plain: str
) -> None:
    client.makeconftest(CONFIGURED)
    client.makepyfile(SHOW)
    result = client.runpytest("-s", *arguments)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines([f"*plain: {plain}*", "*marked: live 4*"])


LEVELS = """
import pytest
from api_client import break_contract


def test_plain(fiskaly_mock):
    break_contract(fiskaly_mock)


@pytest.mark.fiskaly(contract="enforce")
def test_enforced(fiskaly_mock):
    break_contract(fiskaly_mock)


@pytest.mark.fiskaly(contract="off")
def test_off(fiskaly_mock):
    break_contract(fiskaly_mock)
"""


@pytest.mark.parametrize(
    ("arguments", "failed"),
    [
        ((), 2),
        (("-o", "fiskaly_contract=off"), 1),
        (("--fiskaly-contract=observe",), 0),
        (("-o", "fiskaly_contract=off", "--fiskaly-contract=enforce"), 2),
    ],
)
def test_the_command_line_softens_a_run_and_hardens_no_test(
    client: pytest.Pytester, arguments: tuple[str, ...], failed: int
) -> None:
    client.makepyfile(LEVELS)
    client.runpytest(*arguments).assert_outcomes(failed=failed, passed=3 - failed)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("preset", "enterprize", 'preset "enterprize" is not one of *(did you mean enterprise?)'),
        ("seed", "one", "'one' is no integer from 0 to *"),
        ("seed", "-1", "'-1' is no integer from 0 to *"),
        ("contract", "enforced", "'enforced' is not one of enforce, observe, off (did you *"),
        ("coverage_fail_under", "101", "'101' is no percentage from 0 to 100"),
        ("url", "localhost:8722", "'localhost:8722' is no URL: give http://*"),
    ],
)
def test_a_wrong_value_is_one_line_whether_typed_or_in_the_ini_file(
    suite: pytest.Pytester, name: str, value: str, words: str
) -> None:
    flag = f"--fiskaly-{name.replace('_', '-')}"
    for arguments, place in (
        ([f"{flag}={value}"], flag),
        (["-o", f"fiskaly_{name}={value}"], f"fiskaly_{name}"),
    ):
        result = suite.runpytest(*arguments)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines([f"ERROR: {place}*{words}"])
        assert len([line for line in result.errlines if line.strip()]) == 1


@pytest.mark.parametrize(
    "flag", ["url", "preset", "seed", "contract", "coverage-fail-under"], ids=str
)
def test_an_empty_option_is_no_absent_one(suite: pytest.Pytester, flag: str) -> None:
    suite.makepyfile("def test_one(): pass")
    result = suite.runpytest(f"--fiskaly-{flag}=")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --fiskaly-{flag} is empty: give *, or leave it out"])
    ini = f"fiskaly_{flag.replace('-', '_')}"
    suite.runpytest("-o", f"{ini}=").assert_outcomes(passed=1)


def test_every_setting_is_registered_and_in_the_table(suite: pytest.Pytester) -> None:
    shown = suite.runpytest("--help").stdout.str()
    rows = table().splitlines()
    assert len(rows) == 2 + len(SETTINGS)
    for setting, row in zip(SETTINGS, rows[2:], strict=True):
        assert setting.help in row
        if setting.option:
            assert setting.flag in shown
            assert f"{setting.ini} (string):" in shown
            assert f"`{setting.ini}`" in row
        if setting.marker:
            assert row.startswith(f"| `{setting.name}` |")
