"""What a client does wrong fails its test, and no other, whether it noticed or not."""

import json
import re
import shlex

import pytest
from plugin.conftest import RunApart

BROKEN = """
from api_client import break_contract


def test_onboarding(fiskaly_mock):
    break_contract(fiskaly_mock)
"""


def test_a_client_that_ignores_a_refusal_fails_its_test(client: pytest.Pytester) -> None:
    client.makepyfile(test_it=BROKEN)
    result = client.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*_ test_onboarding _*",
            'createOrganization: body /country_code breaks enum, got "DE"',
            "*1 violation in 1 of 1 request.",
            "POST /api/v0/organizations -> 400 (createOrganization)",
            "*Authorization: Bearer [[]redacted]",
            '*"country_code": "DE"*',
            "  body /country_code breaks enum",
            "    expected  one of the 249 ISO 3166-1 alpha-3 codes, did you mean DEU?",
            '    got       "DE"',
            "  reproduce: curl *",
            '*allow_violations="createOrganization:enum"*',
            "FAILED test_it.py::test_onboarding - Failed: createOrganization: body*",
        ]
    )


@pytest.mark.parametrize("others", [False, True], ids=["without other plugins", "beside them"])
def test_the_verdict_is_the_same_beside_other_plugins(
    client: pytest.Pytester, request: pytest.FixtureRequest, *, others: bool
) -> None:
    client.makepyfile(BROKEN)
    if others:
        result = client.runpytest("-o", "asyncio_mode=auto", "-W", "error")
    else:
        result = request.getfixturevalue("run_apart")()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["  body /country_code breaks enum", '    got       "DE"'])


def test_the_curl_line_sends_the_same_again_and_holds_no_token(client: pytest.Pytester) -> None:
    client.makepyfile(
        """
        from api_client import BAKERY, carelessly

        def test_one(fiskaly_mock):
            token = fiskaly_mock.token_for(fiskaly_mock.tree.main)
            body = {**BAKERY, "country_code": "DE", "name": "L'été"}
            carelessly(fiskaly_mock, body=body, token=token)
            key = fiskaly_mock.credentials
            carelessly(fiskaly_mock, "/auth", {"api_key": 7, "api_secret": key.secret})
            with open("secrets", "w") as file:
                print(token, key.secret, file=file)
        """
    )
    result = client.runpytest()
    output = result.stdout.str()
    for secret in (client.path / "secrets").read_text(encoding="utf-8").split():
        assert secret not in output
    first, second = re.findall(r"reproduce: (curl .*)", output)
    words = shlex.split(first)
    assert words[:4] == ["curl", "-X", "POST", "$FISKALY_BASE_URL/organizations"]
    assert "Authorization: Bearer $TOKEN" in words
    assert json.loads(words[words.index("-d") + 1])["name"] == "L'été"
    assert "$FISKALY_BASE_URL/auth" in shlex.split(second)


VERDICTS = """
import threading
import urllib.request

import pytest
from api_client import BAKERY, break_contract, carelessly, create


def test_unknown_route(fiskaly_mock):
    carelessly(fiskaly_mock, "/organizatons")


def test_unknown_method(fiskaly_mock):
    carelessly(fiskaly_mock, method="PUT")


def test_wrong_media_type(fiskaly_mock):
    request = urllib.request.Request(
        fiskaly_mock.base_url + "/auth", b"<auth/>", {"Content-Type": "text/xml"}
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    refused.value.close()


def test_too_large(fiskaly_mock):
    carelessly(fiskaly_mock, "/auth", {"api_key": "x" * 1_100_000})


def test_unauthorized_is_no_breach(fiskaly_mock):
    assert carelessly(fiskaly_mock, token="not a token") == 401


def test_warnings_are_no_breach(fiskaly_mock):
    assert carelessly(fiskaly_mock, "/organizations?nothing=1")["count"] == 6


def test_not_found_is_no_breach(fiskaly_mock):
    path = "/organizations/00000000-0000-4000-8000-000000000000"
    assert carelessly(fiskaly_mock, path) == 404


def test_the_journal_overflows(fiskaly_mock):
    break_contract(fiskaly_mock)
    for _ in range(20):
        carelessly(fiskaly_mock, token="x.y")
    assert fiskaly_mock.control.violations()["exchanges"] == []


def test_the_journal_is_cleared(fiskaly_mock):
    break_contract(fiskaly_mock)
    fiskaly_mock.control.clear_journal()
    fiskaly_mock.reset()


def test_in_a_thread(fiskaly_mock):
    thread = threading.Thread(target=break_contract, args=(fiskaly_mock,))
    thread.start()
    thread.join()


def test_skipped_after_all(fiskaly_mock):
    break_contract(fiskaly_mock)
    pytest.skip("the service is down")


@pytest.mark.xfail(strict=True)
def test_expected(fiskaly_mock):
    break_contract(fiskaly_mock)


def test_next(fiskaly_mock):
    create(fiskaly_mock)
"""


def test_what_counts_as_a_breach_and_what_does_not(client: pytest.Pytester) -> None:
    client.makepyfile(VERDICTS)
    client.makeconftest(
        """
        import pytest
        from pytest_fiskaly import ServerConfig

        @pytest.fixture(scope="session")
        def fiskaly_mock_config():
            return ServerConfig(port=0, journal_size=20)
        """
    )
    result = client.runpytest()
    result.assert_outcomes(passed=4, failed=8, xfailed=1)
    failed = {
        report.nodeid.rpartition("::test_")[2]
        for report in result.reprec.getreports("pytest_runtest_logreport")  # type: ignore[attr-defined]
        if report.failed
    }
    assert failed == {
        "unknown_route",
        "unknown_method",
        "wrong_media_type",
        "too_large",
        "the_journal_overflows",
        "the_journal_is_cleared",
        "in_a_thread",
        "skipped_after_all",
    }
    result.stdout.fnmatch_lines(
        [
            "GET /api/v0/organizatons: route breaks unknown-route, got GET /api/v0/org*",
            "*breaks method, got PUT*",
        ]
    )


def test_another_failure_is_not_hidden_and_shows_the_breach_beside_it(
    client: pytest.Pytester,
) -> None:
    client.makepyfile(
        """
        import pytest
        from api_client import break_contract

        def test_body(fiskaly_mock):
            status = break_contract(fiskaly_mock)
            assert status == 200, "the test's own words"

        @pytest.fixture
        def broken(fiskaly_mock):
            break_contract(fiskaly_mock)
            raise RuntimeError("no set-up")

        def test_setup(broken):
            pass

        @pytest.fixture
        def late(fiskaly_mock):
            yield
            break_contract(fiskaly_mock)

        def test_teardown(late):
            pass
        """
    )
    result = client.runpytest()
    result.assert_outcomes(failed=1, passed=1, errors=2)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at setup of test_setup*",
            "*RuntimeError: no set-up*",
            "*- fiskaly contract -*",
            "*body /country_code breaks enum*",
            "*ERROR at teardown of test_teardown*",
            "*body /country_code breaks enum*",
            "*_ test_body _*",
            "*the test's own words*",
            "*- fiskaly contract -*",
            "*body /country_code breaks enum*",
        ]
    )


def test_a_request_under_way_is_charged_to_the_test_that_sent_it(client: pytest.Pytester) -> None:
    client.makepyfile(
        """
        import threading
        import time
        from api_client import break_contract, carelessly, create, count

        SLOW = {"effect": {"kind": "delay", "seconds": 0.2}, "operation": "createOrganization"}
        STUCK = {"effect": {"kind": "delay", "seconds": 30}, "operation": "createOrganization"}
        threads = []

        def start(target, server, *, wait):
            token = server.token_for(server.tree.main)
            threads.append(threading.Thread(target=target, args=(server, token)))
            threads[-1].start()
            while not server.server.in_flight.under_way:
                time.sleep(0.001)
            time.sleep(wait)

        def create_it(server, token):
            from api_client import BAKERY
            try:
                carelessly(server, body=BAKERY, token=token)
            except OSError:
                pass

        def test_slow(fiskaly_mock):
            fiskaly_mock.control.arm_fault({**SLOW, "phase": "before"})
            start(create_it, fiskaly_mock, wait=0.05)

        def test_stuck(fiskaly_mock):
            threads.pop().join()
            assert count(fiskaly_mock) == 6
            fiskaly_mock.control.arm_fault(STUCK)
            start(create_it, fiskaly_mock, wait=0.05)

        def test_next(fiskaly_mock):
            threads.pop().join(5)
            assert not threads
            assert len(fiskaly_mock.server.journal) == 0
            assert count(fiskaly_mock) == 6
        """
    )
    result = client.runpytest("-v")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["*1 request was still under way*"])


def test_it_can_be_observed_only_or_switched_off(client: pytest.Pytester) -> None:
    client.makepyfile(BROKEN)
    observed = client.runpytest("--fiskaly-contract=observe", "-W", "error")
    observed.assert_outcomes(passed=1)
    observed.stdout.fnmatch_lines(
        [
            "*fiskaly contract (observed)*",
            "*::test_onboarding",
            "  body /country_code breaks enum",
            "1 test would fail with --fiskaly-contract=enforce",
        ]
    )
    quiet = client.runpytest("--fiskaly-contract=observe", "-q")
    assert "enum" not in quiet.stdout.str()
    off = client.runpytest("--fiskaly-contract=off")
    off.assert_outcomes(passed=1)
    assert "breaks" not in off.stdout.str()
    off.stdout.fnmatch_lines(["fiskaly: *, the contract was not watched"])


@pytest.mark.parametrize("workers", ["0", pytest.param("2", marks=pytest.mark.slow)])
def test_what_is_observed_in_many_tests_is_told_once(
    client: pytest.Pytester, run_apart: RunApart, workers: str
) -> None:
    client.makepyfile(
        """
        import pytest
        from api_client import break_contract

        @pytest.mark.parametrize("number", range(5))
        def test_one(fiskaly_mock, number):
            break_contract(fiskaly_mock)
        """
    )
    result = run_apart("--fiskaly-contract=observe", "-n", workers)
    result.assert_outcomes(passed=5)
    assert result.stdout.str().count("breaks enum\n") == 1
    result.stdout.fnmatch_lines(["and 2 more", "5 tests would fail with *enforce"])


def test_a_defect_of_the_fake_counts_even_if_the_contract_is_off(client: pytest.Pytester) -> None:
    client.makepyfile(
        """
        from api_client import carelessly
        from fiskaly_mockserver.domain.account.organizations import Organizations

        def crash(*_):
            raise RuntimeError("nobody thought of this")

        def test_crash(fiskaly_mock, monkeypatch):
            monkeypatch.setattr(Organizations, "list", crash)
            assert carelessly(fiskaly_mock) == 500
        """
    )
    result = client.runpytest("--fiskaly-contract=off")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*RuntimeError: nobody thought of this*"])
