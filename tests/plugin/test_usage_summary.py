"""What a run says at its end: short, in full, quietly, or nothing at all."""

import pytest
from plugin.conftest import RunApart

OBSERVE = "--fiskaly-contract=observe"
GOOD = """
from api_client import count


def test_one(fiskaly_mock):
    assert count(fiskaly_mock) == 6
"""
BAD = """
import json
import urllib.error

import pytest
from api_client import ask, log_in

BODY = {"name": "Bakery", "address_line1": "-", "zip": "1", "town": "-", "country_code": "DE"}


@pytest.mark.parametrize("number", range(5))
def test_swallows(fiskaly_mock, number):
    token = log_in(fiskaly_mock)
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(fiskaly_mock, "/organizations", BODY, token)
    refused.value.close()


def test_lost(fiskaly_mock):
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(fiskaly_mock, "/organizatons")
    refused.value.close()
"""
LINE = "fiskaly: 2 of 20 operations of management exercised, 2 exchanges, no violations"
BROKEN = (
    "fiskaly: 1 of 20 operations of management exercised, 11 exchanges,"
    " 6 requests of 6 tests broke the contract"
)


def test_nothing_is_said_where_nothing_of_ours_was_used(suite: pytest.Pytester) -> None:
    suite.makepyfile("def test_one(): pass")
    assert "fiskaly:" not in str(suite.runpytest().stdout)


def test_one_line_says_what_was_used(client: pytest.Pytester) -> None:
    client.makepyfile(GOOD)
    result = client.runpytest()
    result.stdout.fnmatch_lines([LINE, "*1 passed*"])
    assert str(result.stdout).count("fiskaly:") == 1


def test_a_fixture_without_a_request_is_used_too(client: pytest.Pytester) -> None:
    client.makepyfile("def test_one(fiskaly_mock): pass")
    client.runpytest().stdout.fnmatch_lines(
        ["fiskaly: 0 of 20 operations of management exercised, 0 exchanges, no violations"]
    )


def test_the_table_says_what_was_not_used(client: pytest.Pytester) -> None:
    client.makepyfile(GOOD)
    result = client.runpytest("--fiskaly-coverage")
    result.stdout.fnmatch_lines(
        [
            "=* fiskaly: coverage of the contracts =*",
            "operation * calls  statuses seen  not seen *fields",
            "authenticate * 1  200 * 401 * 3 of 8",
            "    not sent: (RefreshTokenAuthentication) (UserAuthentication) *",
            "deleteBillingAddress * 0  - * 200 401 404 409 * -",
            "management: operations 2 of 20 (10.0 %), statuses 2 of 70 *; overall 7 of 187 (3.7 %)",
            LINE,
        ]
    )


def test_violations_are_folded_with_their_tests(client: pytest.Pytester) -> None:
    client.makepyfile(test_bad=BAD)
    result = client.runpytest(OBSERVE)
    result.stdout.fnmatch_lines(
        [
            "=* fiskaly: violations of the contract =*",
            "GET /api/v0/organizatons: * did you mean GET /organizations? * [[]unknown-*]",
            "    once in test_bad.py::test_lost",
            'createOrganization: body.country_code should be *; got "DE") [[]enum]',
            "    5 times in test_bad.py::test_swallows[[]0], *[[]1], *[[]2] and 2 more",
            BROKEN,
        ]
    )
    assert result.ret == 0


@pytest.mark.parametrize(
    ("flags", "lines"),
    [
        (["-q"], [BROKEN]),
        (["-qq"], []),
        (["-q", "--fiskaly-coverage"], [BROKEN]),
        (["--no-summary", "--fiskaly-coverage"], []),
    ],
    ids=" ".join,
)
def test_a_quiet_run_says_less(client: pytest.Pytester, flags: list[str], lines: list[str]) -> None:
    client.makepyfile(test_bad=BAD)
    result = client.runpytest(OBSERVE, *flags)
    assert [line for line in result.outlines if "fiskaly:" in line] == lines
    assert "createOrganization" not in str(result.stdout)


def test_a_quiet_run_that_is_well_says_nothing(client: pytest.Pytester) -> None:
    client.makepyfile(GOOD)
    assert "fiskaly:" not in str(client.runpytest("-q").stdout)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--fiskaly-contract=off"], "the contract was not watched"),
        (["--fiskaly-contract=observe", "-m", "fiskaly"], "no violations"),
    ],
    ids=["off", "allowed"],
)
def test_what_is_allowed_or_switched_off_is_not_listed(
    client: pytest.Pytester, flags: list[str], words: str
) -> None:
    client.makepyfile(test_bad=BAD + "\npytestmark = pytest.mark.fiskaly(allow_violations=True)\n")
    if "off" in flags[0]:
        client.makepyfile(test_bad=BAD)
    result = client.runpytest(*flags)
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(
        [f"fiskaly: 1 of 20 operations of management *, 11 exchanges, {words}"]
    )


def test_violations_that_fail_their_tests_are_listed_too(client: pytest.Pytester) -> None:
    client.makepyfile(test_bad=BAD)
    result = client.runpytest("-k", "lost")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["GET /api/v0/organizatons: *", "    once in *::test_lost"])
    result.stdout.fnmatch_lines(["fiskaly: 0 of 20 *, 1 request of 1 test broke the contract"])


def test_no_secret_is_said_or_written(client: pytest.Pytester) -> None:
    client.makepyfile(
        """
        import pytest
        import urllib.error
        from api_client import ask, log_in

        def test_one(fiskaly_mock):
            secret, token = fiskaly_mock.credentials.secret, log_in(fiskaly_mock)
            with open("secrets", "w") as kept:
                kept.write(f"{secret} {token}")
            for body in ({"api_secret": secret}, {"api_key": 1, secret: token}):
                with pytest.raises(urllib.error.HTTPError) as refused:
                    ask(fiskaly_mock, f"/auth?{secret}={token}", body)
                refused.value.close()
        """
    )
    result = client.runpytest(OBSERVE, "--fiskaly-coverage=c.json")
    result.assert_outcomes(passed=1)
    told = str(result.stdout) + (client.path / "c.json").read_text(encoding="utf-8")
    for secret in (client.path / "secrets").read_text(encoding="utf-8").split():
        assert secret not in told


WARNED = """
import pytest
from api_client import ask, log_in


@pytest.mark.parametrize("number", range(2))
def test_pages(fiskaly_mock, number):
    assert ask(fiskaly_mock, f"/organizations?page={number}", token=log_in(fiskaly_mock))["count"]
"""


@pytest.mark.parametrize("workers", ["0", pytest.param("2", marks=pytest.mark.slow)])
def test_a_warning_fails_no_test_but_is_said(
    client: pytest.Pytester, run_apart: RunApart, workers: str
) -> None:
    client.makepyfile(test_it=WARNED)
    result = run_apart("-n", workers)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        [
            "=* fiskaly: warnings of the contract =*",
            "listOrganizations: query.page is no parameter of listOrganizations (*",
            "    2 times in test_it.py::test_pages[[]0], test_it.py::test_pages[[]1]",
            "fiskaly: 2 of 20 *, 4 exchanges, no violations, 2 requests with warnings",
        ]
    )


def test_warnings_are_not_said_where_the_contract_is_switched_off(client: pytest.Pytester) -> None:
    client.makepyfile(WARNED)
    assert "with warnings" not in client.runpytest("--fiskaly-contract=off").stdout.str()
