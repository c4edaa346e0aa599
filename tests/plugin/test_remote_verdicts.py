"""What a fake of another process is told of a test's client, and what is held against the test."""

import pytest
from fiskaly_mockserver import MockServer, ServerConfig
from fiskaly_mockserver.control.client import Control
from fiskaly_mockserver.control.transports import HttpTransport
from fiskaly_mockserver.domain.account.organizations import Organizations
from fiskaly_mockserver.web.management import handlers
from pytest_fiskaly.options import RunSettings
from pytest_fiskaly.remote import Remote
from pytest_fiskaly.remote.hooks import RemoteServer

ALLOWED_FOR_A_WHILE = """
from api_client import break_contract


def test_inside(fiskaly_mock):
    with fiskaly_mock.allow_violations("createOrganization"):
        break_contract(fiskaly_mock)


def test_before(fiskaly_mock):
    break_contract(fiskaly_mock)
    fiskaly_mock.allow_violations("createOrganization")


def test_after(fiskaly_mock):
    with fiskaly_mock.allow_violations("createOrganization"):
        break_contract(fiskaly_mock)
    break_contract(fiskaly_mock)
"""
FORGOTTEN = """
import pytest
from api_client import break_contract


@pytest.mark.parametrize("forget", [
    lambda mock: mock.journal.clear(),
    lambda mock: mock.control.clear_journal(),
    lambda mock: mock.control.reset(),
    lambda mock: mock.control.seed("single"),
    lambda mock: mock.reset(),
    lambda mock: mock.seed("single"),
], ids="abcdef")
def test_one(fiskaly_mock, forget):
    break_contract(fiskaly_mock)
    forget(fiskaly_mock)
"""
STOPPED = """
import pytest
from api_client import break_contract, count


def test_before(fiskaly_mock):
    assert count(fiskaly_mock) == 6


def test_good(fiskaly_mock, fake):
    fake.stop()


def test_after(fiskaly_mock):
    pass


def test_without():
    pass
"""
SIZES = """
import pytest


@pytest.mark.fiskaly(preset="enterprise")
def test_marked(fiskaly_tree):
    assert len(fiskaly_tree.managed) == 5


def test_own(fiskaly_tree):
    assert fiskaly_tree.preset == "single"
"""


class Fake:
    """A plugin of the suite that hands out the server beneath."""

    def __init__(self, server: MockServer) -> None:
        self.server = server

    @pytest.fixture
    def fake(self) -> MockServer:
        return self.server


def failed_in(result: pytest.RunResult) -> set[str]:
    reports = result.reprec.getreports("pytest_runtest_logreport")  # type: ignore[attr-defined]
    return {one.nodeid.rpartition("::test_")[2] for one in reports if one.failed}


def test_a_breach_is_allowed_where_it_happens_and_nowhere_else(client: pytest.Pytester) -> None:
    client.makepyfile(ALLOWED_FOR_A_WHILE)
    with MockServer() as fake:
        result = client.runpytest(f"--fiskaly-url={fake.base_url}")
    result.assert_outcomes(passed=1, failed=2)
    assert failed_in(result) == {"before", "after"}
    result.stdout.fnmatch_lines(["The variables are those of the fake that the run used*"])


def test_what_the_journal_forgets_still_counts(client: pytest.Pytester) -> None:
    client.makepyfile(FORGOTTEN)
    with MockServer() as fake:
        result = client.runpytest(f"--fiskaly-url={fake.base_url}")
    result.assert_outcomes(failed=6)
    result.stdout.fnmatch_lines(["*: 1 violation in 1 of 1 request."])


@pytest.mark.parametrize("own_failure", [False, True])
def test_a_fake_that_stops_fails_the_tests_that_need_it_in_a_line_each(
    client: pytest.Pytester, *, own_failure: bool
) -> None:
    own = "fake.stop()\n    assert fake.runs, 'of its own'"
    client.makepyfile(STOPPED.replace("fake.stop()", own) if own_failure else STOPPED)
    with MockServer() as fake:
        control_url = fake.control_url
        result = client.runpytest(f"--fiskaly-url={fake.base_url}", plugins=[Fake(fake)])
    result.assert_outcomes(passed=2, failed=1, errors=1)
    assert failed_in(result) == {"good", "after"}
    gone = f"no server answers at {control_url}: *"
    lost = f"what the test's client did cannot be judged: {gone}"
    result.stdout.fnmatch_lines(
        [f"--fiskaly-url: {gone}", *(["*of its own*"] if own_failure else []), lost]
    )
    assert "transports.py" not in result.stdout.str()


def test_a_crash_of_the_fake_fails_the_test_and_an_armed_one_does_not(
    client: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.makepyfile(
        """
        import pytest
        from api_client import carelessly

        def test_one(fiskaly_mock):
            assert carelessly(fiskaly_mock) == 500

        @pytest.mark.fiskaly(faults={
            "operation": "listOrganizations", "effect": {"kind": "status", "status": 500}
        })
        def test_other(fiskaly_mock):
            assert carelessly(fiskaly_mock) == 500
        """
    )
    monkeypatch.setattr(Organizations, "list", None)
    with MockServer() as fake:
        result = client.runpytest(f"--fiskaly-url={fake.base_url}")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["*a defect of fiskaly-mockserver, not of the client*", "It crashed: *"]
    )


def test_an_answer_of_the_fake_that_breaks_the_contract_fails_the_test(
    client: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.makepyfile(
        """
        from api_client import carelessly

        def test_one(fiskaly_mock):
            assert carelessly(fiskaly_mock) == 200
        """
    )
    monkeypatch.setattr(handlers, "listing_of", lambda *_: {"data": [], "total": 0})
    with MockServer() as fake:
        result = client.runpytest(f"--fiskaly-url={fake.base_url}")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*a defect of fiskaly-mockserver, not of the client*", "*body should have*'count'*"]
    )


def test_what_the_journal_had_no_room_for_is_no_silent_success(client: pytest.Pytester) -> None:
    client.makepyfile(
        """
        import pytest
        from api_client import break_contract, create

        def test_just_enough(fiskaly_mock):
            for _ in range(5):
                create(fiskaly_mock)

        def test_one(fiskaly_mock):
            break_contract(fiskaly_mock)
            for _ in range(10):
                create(fiskaly_mock)

        def test_read_between(fiskaly_mock):
            for _ in range(3):
                create(fiskaly_mock)
                fiskaly_mock.journal.clear()
            with pytest.raises(Exception, match="preset"):
                fiskaly_mock.control.seed("none")
            for _ in range(5):
                create(fiskaly_mock)

        def test_of_another_world(fiskaly_mock):
            for number in range(15):
                create(fiskaly_mock)
                assert fiskaly_mock.violations == ()
            fiskaly_mock.control.sandbox("other").reset()

        def test_after_a_reset(fiskaly_mock):
            for _ in range(4):
                create(fiskaly_mock)
            fiskaly_mock.reset()
            for _ in range(8):
                create(fiskaly_mock)

        @pytest.mark.fiskaly(contract="observe")
        def test_observed(fiskaly_mock):
            test_one(fiskaly_mock)
        """
    )
    with MockServer(ServerConfig(port=0, journal_size=10)) as fake:
        result = client.runpytest(f"--fiskaly-url={fake.base_url}", "-v")
    result.assert_outcomes(passed=4, failed=2)
    assert failed_in(result) == {"one", "after_a_reset"}
    lost = "* requests were dropped by the fake's journal before they could be judged: *"
    result.stdout.fnmatch_lines([lost, f"*::test_observed: {lost}"])


def test_what_a_loose_fake_drops_is_no_breach(client: pytest.Pytester) -> None:
    client.makepyfile(
        """
        from api_client import break_contract

        def test_one(fiskaly_mock):
            assert break_contract(fiskaly_mock, color="red")["name"] == "Bakery"
            fiskaly_mock.journal.assert_called_once("createOrganization", status=200)

        def test_other(fiskaly_mock):
            assert break_contract(fiskaly_mock, color="red", country_code="DE") == 400
        """
    )
    with MockServer(ServerConfig(port=0, loose=True)) as fake:
        result = client.runpytest(f"--fiskaly-url={fake.base_url}")
    result.assert_outcomes(passed=1, failed=1)


def test_a_preset_that_has_a_size_is_seeded_with_its_own(client: pytest.Pytester) -> None:
    client.makepyfile(SIZES)
    with MockServer(ServerConfig(port=0, preset="single")) as fake:
        client.runpytest(f"--fiskaly-url={fake.base_url}").assert_outcomes(passed=2)


def test_what_a_test_seeds_by_control_is_gone_in_the_next(client: pytest.Pytester) -> None:
    client.makepyfile(
        """
        import pytest
        from api_client import count

        @pytest.mark.parametrize("number", range(2))
        def test_one(fiskaly_mock, number):
            assert count(fiskaly_mock) == 6
            fiskaly_mock.control.seed("single")
            assert count(fiskaly_mock) == 1
        """
    )
    with MockServer() as fake:
        client.runpytest(f"--fiskaly-url={fake.base_url}").assert_outcomes(passed=2)
        assert fake.control.tree()["preset"] == "individual-customers"


def test_a_first_organization_from_anywhere_stops_no_run(client: pytest.Pytester) -> None:
    client.makepyfile("def test_one(fiskaly_tree): assert fiskaly_tree.preset == 'empty'")
    with MockServer(ServerConfig(port=0, preset="empty")) as fake:
        company = {"name": "Sklep", "country_code": "POL"}
        fake.control.sign_up("a@example.com", "a-password-of-mine", organization=company)
        client.runpytest(f"--fiskaly-url={fake.base_url}").assert_outcomes(passed=1)


@pytest.mark.parametrize("path", ["/api/v2", "/api", "/api/v1", "/s/tests", "/s/a/b/api/v0"])
def test_another_path_of_a_fake_is_no_address_of_its_management_api(
    client: pytest.Pytester, path: str
) -> None:
    client.makepyfile("def test_one(fiskaly_mock): pass")
    with MockServer() as fake:
        origin = fake.base_url.removesuffix("/api/v0")
        result = client.runpytest(f"--fiskaly-url={origin}{path}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told = f"the fake at {origin} has no Management API at {path}, but at /api/v0*"
    result.stderr.fnmatch_lines([f"ERROR: --fiskaly-url: {told}"])


def test_what_a_run_that_was_killed_left_in_its_sandbox_is_gone(
    pytestconfig: pytest.Config,
) -> None:
    with MockServer() as fake:
        left = Control(HttpTransport(fake.control_url), "pytest-gw0")
        left.seed("enterprise", seed=7)
        remote = Remote.of(fake.base_url, {})
        server = RemoteServer(remote, RunSettings(pytestconfig), "gw0")
        assert server.control.tree()["preset"] == "individual-customers"
        fake.control.drop_sandbox("pytest-gw0")
        server.leave()
        assert fake.control.sandboxes()["sandboxes"] == []


def test_no_report_shows_what_is_sent_to_log_in(client: pytest.Pytester) -> None:
    client.makepyfile(
        """
        import pytest

        @pytest.mark.fiskaly(faults={
            "operation": "authenticate", "effect": {"kind": "status", "status": 503}
        })
        def test_one(fiskaly_mock):
            fiskaly_mock.token_for(fiskaly_mock.tree.main)
        """
    )
    with MockServer() as fake:
        secret = fake.credentials.secret
        result = client.runpytest(f"--fiskaly-url={fake.base_url}", "-l")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*it answers 503 to /auth*"])
    assert secret not in result.stdout.str()
