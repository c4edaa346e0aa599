"""How a failure of ours is told: where the test is, once, and with nothing of the inside."""

import re
from fnmatch import fnmatch

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
@pytest.mark.parametrize(
    "arguments",
    [(), pytest.param(("-n", "1"), marks=pytest.mark.slow), ("-x",), ("--tb=short",)],
    ids=str,
)
def test_it_points_at_the_test_and_is_one_line_in_the_summary(
    client: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    ci: str,
    request: pytest.FixtureRequest,
) -> None:
    for name in ("CI", "BUILD_NUMBER"):
        monkeypatch.delenv(name, raising=False)
    if ci:
        monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("COLUMNS", "200")
    client.makepyfile(test_it=BROKEN)
    run = request.getfixturevalue("run_apart") if "-n" in arguments else client.runpytest
    result = run(*arguments, "--junit-xml=junit.xml")
    output = result.stdout.str()
    assert "traceback entries are hidden" not in output
    assert output.count("reproduce: curl") == 1
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


def test_what_a_test_breaks_that_fails_as_expected_is_no_error_of_its_teardown(
    client: pytest.Pytester,
) -> None:
    client.makepyfile(
        """
        import pytest
        from api_client import break_contract

        @pytest.mark.xfail(raises=AssertionError)
        def test_marked(fiskaly_mock):
            break_contract(fiskaly_mock)
            raise AssertionError

        def test_called(fiskaly_mock):
            break_contract(fiskaly_mock)
            pytest.xfail("known")
        """
    )
    client.runpytest().assert_outcomes(xfailed=2)


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        ("None", "the fixture returns None, which is no ServerConfig"),
        ("{'preset': 'single'}", "the fixture returns {'preset': 'single'}, which is no Server*"),
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
    assert "servers.py" not in output
    assert "traceback entries are hidden" not in output


@pytest.mark.parametrize("port", [-1, 65_536, 22_222_222])
def test_a_port_that_there_is_not_is_refused_where_it_is_given(port: int) -> None:
    with pytest.raises(ValueError, match=f"port {port} is not one of 0 to 65535"):
        ServerConfig(port=port)


REFUSED = """
import pytest
from pytest_fiskaly import ServerConfig


@pytest.mark.parametrize("do", [
    lambda control: control.advance_clock("soon"),
    lambda control: control.arm_fault({"effect": {"kind": "earthquake"}}),
    lambda control: control.restore_snapshot("nobody saved it"),
    lambda control: control.seed("enterprize"),
], ids=list("abcd"))
def test_control(fiskaly_mock, do):
    do(fiskaly_mock.control)


@pytest.mark.parametrize("holder", [None, 7, ["a"]], ids=list("abc"))
def test_token(fiskaly_mock, holder):
    fiskaly_mock.token_for(holder)


@pytest.mark.parametrize("config", [{}, {"preset": "single"}], ids=list("ab"))
def test_config_of_the_factory(fiskaly_mock_factory, config):
    fiskaly_mock_factory(config=config)


def test_preset_of_the_factory(fiskaly_mock_factory):
    fiskaly_mock_factory(config=ServerConfig(preset="enterprize", port=0))


@pytest.mark.asyncio
async def test_wait(fiskaly_mock):
    await fiskaly_mock.journal.wait_for_call_async("createApiKey", timeout=0.01)


@pytest.mark.fiskaly(preset="empty")
def test_empty(fiskaly_mock):
    fiskaly_mock.credentials


@pytest.mark.fiskaly(preset="empty")
def test_empty_fixture(fiskaly_credentials):
    pass


@pytest.mark.fiskaly(preset="empty")
@pytest.mark.asyncio
async def test_empty_session(fiskaly_session):
    pass


def test_skipped(fiskaly_mock):
    from api_client import break_contract
    break_contract(fiskaly_mock)
    pytest.skip("the service is down")
"""


def test_what_is_refused_is_told_without_anything_of_the_inside(client: pytest.Pytester) -> None:
    client.makepyfile(test_it=REFUSED)
    result = client.runpytest("-o", "asyncio_mode=strict")
    result.assert_outcomes(failed=13, errors=2)
    output = result.stdout.str()
    frames = set(re.findall(r"^(\S+\.py):\d+: ", output, re.MULTILINE))
    assert frames == {"test_it.py"}
    assert "During handling" not in output
    assert "direct cause" not in output
    assert "traceback entries are hidden" not in output
    for words in (
        "TypeError: whose token? That takes a key, organization or user of the tree, * NoneType",
        "TypeError: whose token? * no int",
        "TypeError: a server takes a ServerConfig, not {}",
        "*TreeError: *did you mean enterprise?*",
        "*NotInTheTree: the tree of preset 'empty' has no main organization*",
        "fiskaly_credentials: the tree of preset 'empty' has no main organization*",
        "fiskaly_session: the tree of preset 'empty' has no main organization*",
    ):
        assert any(fnmatch(line.removeprefix("E").strip(), words) for line in result.outlines), (
            words
        )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--fiskaly-contract=off",), "1 exchange, the contract was not watched"),
        pytest.param(
            ("--fiskaly-contract=off", "-n", "1"),
            "1 exchange, the contract was not watched",
            marks=pytest.mark.slow,
        ),
        ((), "1 exchange, no violations"),
    ],
    ids=str,
)
def test_the_summary_says_if_the_contract_was_not_watched(
    client: pytest.Pytester,
    arguments: tuple[str, ...],
    words: str,
    request: pytest.FixtureRequest,
) -> None:
    client.makepyfile(
        """
        from api_client import log_in

        def test_one(fiskaly_mock):
            log_in(fiskaly_mock)
        """
    )
    run = request.getfixturevalue("run_apart") if "-n" in arguments else client.runpytest
    run(*arguments).stdout.fnmatch_lines([f"fiskaly: 1 of * exercised, {words}"])
