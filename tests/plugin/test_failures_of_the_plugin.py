"""How a failure of ours is told: where the test is, once, and with nothing of the inside."""

import re

import pytest
from fiskaly_mockserver import ServerConfig

BROKEN = """
import pytest
from api_client import break_contract


def test_good(fiskaly_mock):
    pass


def test_broken(fiskaly_mock):
    break_contract(fiskaly_mock)


@pytest.mark.xfail(strict=True, raises=pytest.fail.Exception)
def test_expected(fiskaly_mock):
    break_contract(fiskaly_mock)


@pytest.fixture
def late(fiskaly_mock):
    yield
    break_contract(fiskaly_mock)


def test_late(late):
    pass
"""
SUMMARY = re.compile(
    r"^FAILED test_it\.py::test_broken - Failed: createOrganization: body"
    r" /country_code breaks enum, got \"DE\"$",
    re.MULTILINE,
)


@pytest.mark.parametrize("ci", ["", "true"], ids=["here", "on CI"])
@pytest.mark.parametrize("arguments", [(), ("-n", "1"), ("-x",), ("--tb=short",)], ids=str)
def test_it_points_at_the_test_and_is_one_line_in_the_summary(
    client: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    ci: str,
) -> None:
    for name in ("CI", "BUILD_NUMBER"):
        monkeypatch.delenv(name, raising=False)
    if ci:
        monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("COLUMNS", "200")
    client.makepyfile(test_it=BROKEN)
    result = client.runpytest_subprocess(*arguments, "--junit-xml=junit.xml")
    output = result.stdout.str()
    assert "traceback entries are hidden" not in output
    assert output.count("reproduce: curl") == (1 if "-x" in arguments else 2)
    assert SUMMARY.search(output)
    assert ".py:" not in output.partition("short test summary info")[0].replace("test_it.py:", "")
    junit = (client.path / "junit.xml").read_text(encoding="utf-8")
    assert 'message="Failed: createOrganization: body /country_code breaks enum' in junit
    assert "reproduce: curl" in junit


def test_its_line_is_that_of_the_test(client: pytest.Pytester) -> None:
    client.makepyfile(test_it=BROKEN)
    result = client.runpytest("--tb=line")
    result.stdout.fnmatch_lines(["*test_it.py:9: Failed: createOrganization: body *"])


def test_the_failed_ones_can_be_run_again(client: pytest.Pytester) -> None:
    client.makepyfile(test_it=BROKEN)
    client.runpytest().assert_outcomes(passed=2, failed=1, xfailed=1, errors=1)
    client.runpytest("--lf").assert_outcomes(passed=1, failed=1, errors=1)


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        ("None", "the fixture returns None, which is no ServerConfig"),
        ("{'preset': 'single'}", "the fixture returns {'preset': 'single'}, which is no Server*"),
        ("ServerConfig(preset='enterprize')", "*(did you mean enterprise?)*"),
        ("ServerConfig(host='256.1.1.1', port=0)", "*"),
    ],
)
def test_settings_that_no_server_can_have_are_one_line(
    client: pytest.Pytester, returned: str, words: str
) -> None:
    client.makepyfile(
        f"""
        import pytest
        from pytest_fiskaly import ServerConfig

        @pytest.fixture(scope="session")
        def fiskaly_mock_config():
            return {returned}

        def test_one(fiskaly_mock):
            pass
        """
    )
    result = client.runpytest()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"the server of fiskaly_mock_config: {words}"])
    output = result.stdout.str()
    assert "During handling" not in output
    assert "stage.py" not in output
    assert "traceback entries are hidden" not in output


@pytest.mark.parametrize("port", [-1, 65_536, 22_222_222])
def test_a_port_that_there_is_not_is_refused_where_it_is_given(port: int) -> None:
    with pytest.raises(ValueError, match=f"port {port} is not one of 0 to 65535"):
        ServerConfig(port=port)
