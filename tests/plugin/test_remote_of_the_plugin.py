"""The same suite against another server, and tests that claim to be true of any."""

from collections import Counter
from collections.abc import Iterator

import pytest
from fiskaly_mockserver import MockServer, ServerConfig
from plugin.conftest import RunApart
from pytest_fiskaly.remote import AGENT

SUITE = """
import pytest
from api_client import break_contract, carelessly, count, create, log_in


@pytest.mark.fiskaly_real
def test_true_of_any(fiskaly_mock, fiskaly_base_url, fiskaly_credentials, fiskaly_tree):
    before = count(fiskaly_mock)
    create(fiskaly_mock)
    assert count(fiskaly_mock) == before + 1
    main = fiskaly_tree.main
    assert main.type == "ORGANIZATION"
    assert main.name
    assert main.key == fiskaly_credentials.key
    path = f"/organizations/{main.organization_id}"
    for holder in (main, main.api_key, main.key, main.organization_id):
        token = fiskaly_mock.token_for(holder, env="TEST")
        assert carelessly(fiskaly_mock, path, token=token)["name"] == main.name
    assert fiskaly_credentials.secret not in repr(fiskaly_mock) + repr(main) + repr(fiskaly_tree)
    assert isinstance(fiskaly_mock.port, int)


@pytest.mark.fiskaly(contract="observe", allow_violations="createOrganization")
def test_harmless_marker(fiskaly_mock):
    with fiskaly_mock.allow_violations("enum"):
        break_contract(fiskaly_mock)


@pytest.mark.fiskaly(preset="single")
def test_marked(fiskaly_mock):
    pass


def test_seed(fiskaly_mock):
    fiskaly_mock.seed("single")


def test_reset(fiskaly_mock):
    fiskaly_mock.reset()


def test_control(fiskaly_mock):
    fiskaly_mock.control.freeze_clock()


def test_control_url(fiskaly_mock):
    print(fiskaly_mock.control_url)


def test_journal(fiskaly_mock):
    print(fiskaly_mock.journal)


def test_server(fiskaly_mock):
    print(fiskaly_mock.server)


def test_violations(fiskaly_mock):
    print(fiskaly_mock.violations)


def test_managed(fiskaly_tree):
    print(fiskaly_tree.managed[0])


def test_token_of_another(fiskaly_mock):
    fiskaly_mock.token_for("somebody else")


def test_token_of_another_environment(fiskaly_mock):
    fiskaly_mock.token_for(fiskaly_mock.tree.main, env="LIVE")


@pytest.mark.parametrize("kind", ["expired", "forged", "wrong_env"])
def test_bad_token(fiskaly_mock, kind):
    getattr(fiskaly_mock, f"{kind}_token_for")(fiskaly_mock.tree.main)


def test_factory(fiskaly_mock_factory):
    fiskaly_mock_factory()


def test_raw_server(fiskaly_mock_server):
    pass


def test_without():
    pass
"""


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockServer]:
    """A server that stands for the real one, with its credentials in the environment."""
    config = ServerConfig(port=0, preset="enterprise", seed=42, control=False)
    with MockServer(config) as server:
        monkeypatch.setenv("FISKALY_API_KEY", server.credentials.key)
        monkeypatch.setenv("FISKALY_API_SECRET", server.credentials.secret)
        yield server


def without_own_servers(suite: str) -> str:
    """Return the suite with the tests that may claim to be true of the real service."""
    kept = suite.replace('@pytest.mark.fiskaly(preset="single")\n', "").partition(
        "def test_factory"
    )[0]
    return "import pytest\n\npytestmark = pytest.mark.fiskaly_real\n" + kept


def test_on_the_real_service_only_what_is_marked_runs_and_the_rest_is_skipped_before_it_starts(
    client: pytest.Pytester, real: MockServer
) -> None:
    client.makepyfile(
        SUITE
        + """

@pytest.fixture
def prepared(fiskaly_base_url, fiskaly_mock):
    create(fiskaly_mock)


@pytest.fixture(autouse=True)
def dynamic(request):
    if request.node.name == "test_late":
        create(request.getfixturevalue("fiskaly_mock"))


def test_prepared(prepared):
    pass


def test_late():
    pass
"""
    )
    result = client.runpytest(f"--fiskaly-url={real.base_url}", "-rs")
    result.assert_outcomes(passed=2, skipped=19)
    result.stdout.fnmatch_lines(
        [
            f"fiskaly: {real.base_url} (not a fake*",
            f"SKIPPED*: not marked fiskaly_real, as *{real.base_url}, which is no fake",
        ]
    )
    asked = Counter(one.operation_id for one in real.journal)
    assert asked["createOrganization"] == 1  # of the one that is marked
    by_plugin = [one for one in real.journal if ("User-Agent", AGENT) in one.request_headers]
    assert [one.method for one in by_plugin if one.operation_id != "authenticate"] == ["GET"]
    assert real.credentials.secret not in result.stdout.str() + result.stderr.str()


def test_what_needs_control_is_skipped_on_the_real_service_with_a_reason(
    client: pytest.Pytester, real: MockServer
) -> None:
    client.makepyfile(without_own_servers(SUITE))
    result = client.runpytest(f"--fiskaly-url={real.base_url}", "-rs")
    result.assert_outcomes(passed=3, skipped=13)
    for what in (
        "seed()",
        "reset()",
        "control",
        "journal",
        "tree.managed",
        "token_for() of anybody but tree.main",
        "expired_token_for()",
    ):
        line = f"SKIPPED*: {what} needs control over the fake, which --fiskaly-url does not give"
        result.stdout.fnmatch_lines([line])


CONTROLLED = """
import pytest
from api_client import BAKERY, break_contract, carelessly, count, create, log_in
from pytest_fiskaly import BadCriterion


def test_tree(fiskaly_mock, fiskaly_tree):
    assert (fiskaly_tree.preset, fiskaly_tree.seed) == ("enterprise", 42)
    assert len(fiskaly_tree.managed) == 5
    create(fiskaly_mock)
    fiskaly_mock.journal.assert_called_once("createOrganization", body={"name": "Bakery"})
    with pytest.raises(AssertionError, match='body/name: expected "Cafe", got "Bakery"'):
        fiskaly_mock.journal.assert_called("createOrganization", body={"name": "Cafe"})
    with pytest.raises(BadCriterion, match="no exchange in the journal has the request id"):
        fiskaly_mock.journal.calls(since="0" * 32)
    assert fiskaly_mock.journal.wait_for_call("createOrganization", timeout=0).status == 200
    with pytest.raises(AssertionError, match="expected 2 calls of createOrganization within 0.01"):
        fiskaly_mock.journal.wait_for_call("createOrganization", times=2, timeout=0.01)
    assert fiskaly_mock.violations == ()


def test_clean_again(fiskaly_mock):
    assert count(fiskaly_mock) == 7


@pytest.mark.fiskaly(
    preset="single", clock="2100-01-01T00:00:00Z",
    faults={"operation": "listUsers", "effect": {"kind": "status", "status": 503}},
)
def test_marked(fiskaly_mock):
    assert count(fiskaly_mock) == 1
    assert fiskaly_mock.control.clock()["iso"] == "2100-01-01T00:00:00Z"
    assert len(fiskaly_mock.control.faults()) == 1
    assert len(fiskaly_mock.seed("individual-customers", size=2).managed) == 2
    fiskaly_mock.reset()
    assert count(fiskaly_mock) == 1


@pytest.mark.fiskaly(clock="2020-01-01T00:00:00Z")
def test_past(fiskaly_mock):
    pass


def test_tokens(fiskaly_mock):
    main = fiskaly_mock.tree.main
    for holder in (main, main.key, main.api_key, main.organization_id, fiskaly_mock.tree.users[0]):
        assert carelessly(fiskaly_mock, token=fiskaly_mock.token_for(holder))["count"]
    fiskaly_mock.journal.assert_not_called("authenticate")
    assert carelessly(fiskaly_mock, token=fiskaly_mock.forged_token_for(main)) == 401
    fiskaly_mock.expired_token_for(main)


def test_server(fiskaly_mock):
    print(fiskaly_mock.server)


def test_broken(fiskaly_mock):
    break_contract(fiskaly_mock)


def test_broken_and_reset(fiskaly_mock):
    break_contract(fiskaly_mock)
    fiskaly_mock.reset()


@pytest.mark.fiskaly(allow_violations="createOrganization:enum")
def test_allowed(fiskaly_mock):
    break_contract(fiskaly_mock)
    assert [one.rule for one in fiskaly_mock.violations] == ["enum"]


@pytest.mark.fiskaly_real
def test_true_of_any(fiskaly_mock, fiskaly_credentials):
    assert carelessly(fiskaly_mock)["count"]


@pytest.mark.fiskaly_real
def test_claim(fiskaly_mock):
    print(fiskaly_mock.journal)


def test_factory(fiskaly_mock_factory):
    assert count(fiskaly_mock_factory("single")) == 1


def test_session(fiskaly_mock_server):
    pass
"""


@pytest.mark.parametrize("sandbox", ["", "/s/tests"])
def test_a_fake_of_another_process_is_controlled_and_left_as_it_was(
    client: pytest.Pytester, sandbox: str
) -> None:
    client.makepyfile(CONTROLLED)
    with MockServer(ServerConfig(port=0, preset="enterprise", seed=42)) as fake:
        url = f"http://127.0.0.1:{fake.port}{sandbox}/api/v0"
        result = client.runpytest(f"--fiskaly-url={url}", "-rs")
        found = fake.control.sandbox("tests").tree() if sandbox else fake.control.tree()
    result.assert_outcomes(passed=6, skipped=4, failed=3)
    assert (found["preset"], found["seed"]) == ("enterprise", 42)
    result.stdout.fnmatch_lines(
        [
            f"fiskaly: {url} (a fake of another process)",
            'createOrganization: body /country_code breaks enum, got "DE"',
            "    expected  one of the 249 ISO 3166-1 alpha-3 codes, did you mean DEU?",
            "*journal needs control over the fake, but the test is marked fiskaly_real*",
            "SKIPPED*: a clock in the past needs a fake of the run's own*",
            "SKIPPED*: server needs a fake of the run's own process: leave out --fiskaly-url",
        ]
    )


@pytest.mark.slow
def test_each_worker_has_a_sandbox_of_a_fake_of_another_process(
    client: pytest.Pytester, run_apart: RunApart
) -> None:
    client.makepyfile(
        """
        import pytest
        from api_client import count, create

        @pytest.mark.parametrize("number", range(6))
        def test_one(fiskaly_mock, number):
            assert "/s/pytest-gw" in fiskaly_mock.base_url
            create(fiskaly_mock)
            assert count(fiskaly_mock) == 7
        """
    )
    with MockServer() as fake:
        run_apart(f"--fiskaly-url={fake.base_url}", "-n", "2").assert_outcomes(passed=6)
        assert fake.control.sandboxes()["sandboxes"] == []
        assert fake.journal == ()


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--fiskaly-preset=single", "single"),
        ("--fiskaly-seed=7", "individual-customers"),
    ],
)
def test_options_seed_a_fake_of_another_process(
    client: pytest.Pytester, option: str, words: str
) -> None:
    client.makepyfile("def test_one(fiskaly_tree): print('seeded:', fiskaly_tree.preset)")
    with MockServer() as fake:
        result = client.runpytest(f"--fiskaly-url={fake.base_url}", option, "-s")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([f"*seeded: {words}*"])


@pytest.mark.slow
def test_workers_share_one_authentication(
    client: pytest.Pytester, run_apart: RunApart, real: MockServer
) -> None:
    client.makepyfile(
        """
        import pytest
        from api_client import carelessly

        @pytest.mark.fiskaly_real
        @pytest.mark.parametrize("number", range(4))
        def test_one(fiskaly_mock, number):
            assert carelessly(fiskaly_mock)["count"]
        """
    )
    result = run_apart(f"--fiskaly-url={real.base_url}", "-n", "2")
    result.assert_outcomes(passed=4)
    logins = [one for one in real.journal if one.operation_id == "authenticate"]
    assert len(logins) == 1


def test_a_claim_to_be_true_of_the_real_service_is_kept_honest(client: pytest.Pytester) -> None:
    client.makepyfile(without_own_servers(SUITE))
    result = client.runpytest()
    result.assert_outcomes(passed=3, failed=13)
    result.stdout.fnmatch_lines(
        [
            "*seed() needs control over the fake, but the test is marked fiskaly_real*",
            "*journal needs control over the fake, but the test is marked fiskaly_real*",
        ]
    )


@pytest.mark.parametrize("fixture", ["fiskaly_mock_server", "fiskaly_mock_factory"])
def test_a_false_claim_is_told_at_collection(suite: pytest.Pytester, fixture: str) -> None:
    suite.makepyfile(
        f"""
        import pytest

        @pytest.mark.fiskaly_real
        def test_one({fixture}):
            pass
        """
    )
    result = suite.runpytest()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: *::test_one: *there is no {fixture}: use fiskaly_mock*"])


def test_a_marker_that_belies_the_claim_is_told_at_collection(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import pytest

        pytestmark = pytest.mark.fiskaly(preset="single", contract="observe")

        @pytest.mark.fiskaly_real
        def test_one(fiskaly_mock):
            pass
        """
    )
    result = suite.runpytest()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *::test_one: *no fiskaly(preset=...) changes: drop *"])
    assert "contract=" not in result.stderr.str()
