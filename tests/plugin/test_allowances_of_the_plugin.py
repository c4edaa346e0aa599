"""Breaches that a test means: allowed by operation or rule, for a test or a part of it."""

import pytest

ALLOWED = """
import pytest
from api_client import break_contract, carelessly


@pytest.mark.fiskaly(allow_violations={what})
def test_one(fiskaly_mock):
    break_contract(fiskaly_mock)
"""


@pytest.mark.parametrize(
    ("what", "passes"),
    [
        ("True", True),
        ("'createOrganization'", True),
        ("'enum'", True),
        ("'oneOf'", True),
        ("['type', 'createOrganization:enum']", True),
        ("'createApiKey'", False),
        ("'createOrganization:type'", False),
        ("False", False),
        ("[]", False),
    ],
)
def test_breaches_can_be_allowed(client: pytest.Pytester, what: str, *, passes: bool) -> None:
    client.makepyfile(ALLOWED.format(what=what))
    outcome = {"passed": 1} if passes else {"failed": 1}
    client.runpytest().assert_outcomes(**outcome)


def test_the_advice_keeps_what_is_allowed_already(client: pytest.Pytester) -> None:
    client.makepyfile(
        """
        import pytest
        from api_client import break_contract, carelessly

        @pytest.mark.fiskaly(allow_violations="createOrganization:enum")
        def test_one(fiskaly_mock):
            break_contract(fiskaly_mock, country_code="DE", zip=7)
            carelessly(fiskaly_mock, "/organizatons")
        """
    )
    result = client.runpytest()
    allowed = '"createOrganization:enum", "createOrganization:type", "unknown-route"'
    result.stdout.fnmatch_lines([f"If the test means it: *(allow_violations=[[]{allowed}[]])"])


def test_breaches_can_be_allowed_for_a_part_of_a_test(client: pytest.Pytester) -> None:
    client.makepyfile(
        """
        import pytest
        from api_client import break_contract

        def test_part(fiskaly_mock):
            with fiskaly_mock.allow_violations("createOrganization"):
                break_contract(fiskaly_mock)
            assert [one.rule for one in fiskaly_mock.violations] == ["enum"]

        def test_rest(fiskaly_mock):
            fiskaly_mock.allow_violations()
            break_contract(fiskaly_mock)

        def test_over(fiskaly_mock):
            with fiskaly_mock.allow_violations():
                pass
            break_contract(fiskaly_mock)

        def test_only_some(fiskaly_mock):
            with fiskaly_mock.allow_violations("enum"):
                break_contract(fiskaly_mock, country_code="DE", zip=7)

        def test_unknown(fiskaly_mock):
            with pytest.raises(ValueError, match="did you mean createOrganization"):
                fiskaly_mock.allow_violations("createOrganizaton")
        """
    )
    result = client.runpytest("-rP")
    result.assert_outcomes(passed=3, failed=2)
    result.stdout.fnmatch_lines(["*allowed, but it never happened: everything*"])
    assert "createOrganization: body /zip breaks type" in result.stdout.str()


def test_an_allowance_is_used_or_not_by_the_whole_test_not_by_a_part_of_it(
    client: pytest.Pytester,
) -> None:
    client.makepyfile(
        """
        import unittest
        import pytest
        from api_client import break_contract

        class TestClient(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _fake(self, fiskaly_mock):
                self.fake = fiskaly_mock

            @pytest.mark.fiskaly(allow_violations="createOrganization")
            def test_one(self):
                with self.subTest("a part without it"):
                    pass
                break_contract(self.fake)
        """
    )
    result = client.runpytest("-v")
    assert result.ret == 0
    result.stdout.no_fnmatch_line("*it never happened*")
