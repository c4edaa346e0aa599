"""Clients that live longer than a test: whose breaches theirs are."""

import pytest
from plugin.conftest import RunApart

WIDER = """
import pytest
from api_client import BAKERY, carelessly


class Client:
    def __init__(self, server):
        self.server, self.token = server, server.token_for(server.tree.main)

    def create(self, **wrong):
        return carelessly(self.server, body={**BAKERY, **wrong}, token=self.token)


@pytest.fixture(scope="session")
def session_client(fiskaly_mock_server):
    return Client(fiskaly_mock_server)
"""


@pytest.fixture
def wider(client: pytest.Pytester) -> pytest.Pytester:
    """A suite with a client of the whole session."""
    client.makeconftest(WIDER)
    return client


@pytest.mark.parametrize("workers", ["0", pytest.param("1", marks=pytest.mark.slow)])
def test_a_client_of_the_session_is_judged_with_the_test_that_uses_it(
    wider: pytest.Pytester, run_apart: RunApart, workers: str
) -> None:
    wider.makepyfile(
        """
        import pytest
        from api_client import ask

        def names(client):
            listed = ask(client.server, "/organizations", token=client.token)
            return [row["name"] for row in listed["data"]]

        def test_good(session_client):
            session_client.create()

        def test_broken(session_client):
            session_client.create(zip=7)

        @pytest.mark.fiskaly(allow_violations="createOrganization:type")
        def test_allowed(session_client):
            session_client.create(zip=7)

        def test_both(session_client, fiskaly_mock):
            session_client.create(zip=7)

        @pytest.mark.fiskaly(contract="observe")
        def test_observed(session_client):
            session_client.create(zip=7)

        def test_begins_anew(session_client, fiskaly_mock):
            assert "Bakery" not in names(session_client)
            session_client.create()

        def test_finds_what_was_left(session_client):
            assert "Bakery" in names(session_client)
        """
    )
    result = run_apart("-n", workers)
    result.assert_outcomes(passed=5, failed=2)
    result.stdout.fnmatch_lines(["FAILED *::test_broken*", "FAILED *::test_both*"])
    assert "outside any test" not in result.stdout.str()


def test_what_fixtures_of_the_session_do_is_charged_to_the_test_they_serve(
    wider: pytest.Pytester,
) -> None:
    wider.makepyfile(
        """
        import pytest

        @pytest.fixture(scope="module")
        def prepared(session_client):
            session_client.create(zip=7)
            yield
            session_client.create(country_code="DE")

        def test_first(prepared):
            pass

        def test_last(prepared):
            pass
        """
    )
    result = wider.runpytest()
    result.assert_outcomes(failed=1, passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_last*",
            "*body /country_code breaks enum*",
            "*_ test_first _*",
            "*body /zip breaks type*",
        ]
    )
    assert "outside any test" not in result.stdout.str()


OUTSIDE = """
import pytest
from api_client import BAKERY


@pytest.fixture(scope="session")
def cleaned(session_client):
    yield
    session_client.create(zip=7)


def test_one(cleaned):
    pass


def test_of_something_else():
    pass
"""


@pytest.mark.parametrize(
    "arguments", [(), ("-q",), ("-qq",), pytest.param(("-n", "1"), marks=pytest.mark.slow)]
)
def test_breaches_outside_any_test_fail_the_run(
    wider: pytest.Pytester, arguments: tuple[str, ...], request: pytest.FixtureRequest
) -> None:
    wider.makepyfile(OUTSIDE)
    run = request.getfixturevalue("run_apart") if "-n" in arguments else wider.runpytest
    result = run(*arguments)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["ERROR: fiskaly: outside any test that uses the fake: createOrganization: body /zip*"]
    )
    if not arguments:
        result.stdout.fnmatch_lines(
            [
                "fiskaly: *, 1 request outside any test broke the contract",
                "*fiskaly contract (outside any test that uses the fake)*",
                "*Outside any test that uses the fake, a client broke the contract*",
            ]
        )
        assert "The test's client" not in result.stdout.str()


@pytest.mark.parametrize("level", ["observe", "off"])
def test_softened_they_do_not(wider: pytest.Pytester, level: str) -> None:
    wider.makepyfile(OUTSIDE)
    result = wider.runpytest(f"--fiskaly-contract={level}")
    assert result.ret == pytest.ExitCode.OK
    told = "outside any test" in result.stdout.str()
    assert told == (level == "observe")
    assert "ERROR" not in result.stdout.str()


def test_a_marker_set_by_a_fixture_counts(wider: pytest.Pytester) -> None:
    wider.makepyfile(
        """
        import pytest

        @pytest.fixture
        def lenient(request):
            request.applymarker(pytest.mark.fiskaly(allow_violations="type"))

        def test_one(lenient, session_client, fiskaly_mock):
            session_client.create(zip=7)
        """
    )
    wider.runpytest().assert_outcomes(passed=1)
