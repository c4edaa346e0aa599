"""The marker: what it does, how several of them merge, and how mistakes in it are told."""

import pytest
from plugin.conftest import RunApart

WORKING = """
import datetime
import pytest
from api_client import BAKERY, ask, carelessly, count

pytestmark = pytest.mark.fiskaly(preset="enterprise", size=3, seed=7)


def test_module(fiskaly_tree):
    assert (fiskaly_tree.preset, fiskaly_tree.seed) == ("enterprise", 7)
    assert len(fiskaly_tree.managed) == 3


@pytest.mark.fiskaly(size=9, country="AT")
class TestClass:
    def test_class(self, fiskaly_mock):
        assert fiskaly_mock.tree.seed == 7
        assert len(fiskaly_mock.tree.managed) == 9
        main = fiskaly_mock.tree.main
        row = ask(fiskaly_mock, f"/organizations/{main.organization_id}",
                  token=fiskaly_mock.token_for(main))
        assert row["country_code"] == "AUT"

    @pytest.mark.fiskaly(preset="individual-customers", size=2)
    def test_closest(self, fiskaly_mock):
        assert fiskaly_mock.tree.preset == "individual-customers"
        assert count(fiskaly_mock) == 3

    @pytest.mark.fiskaly(seed=8)
    @pytest.mark.fiskaly(seed=9, size=1)
    def test_stacked(self, fiskaly_tree):
        assert (fiskaly_tree.seed, len(fiskaly_tree.managed)) == (9, 1)


@pytest.mark.fiskaly(clock="2020-02-29T12:00:00Z")
def test_clock_in_the_past(fiskaly_mock):
    assert fiskaly_mock.control.clock()["iso"] == "2020-02-29T12:00:00Z"
    assert fiskaly_mock.control.clock()["frozen"]
    fiskaly_mock.control.advance_clock("1h")
    fiskaly_mock.control.resume_clock()
    assert 3600 < fiskaly_mock.control.clock()["now"] - 1582977600 < 3660
    fiskaly_mock.reset()
    assert fiskaly_mock.control.clock()["now"] == 1582977600


def test_the_clock_is_real_again(fiskaly_mock):
    now = datetime.datetime.now(datetime.UTC).timestamp()
    assert abs(fiskaly_mock.control.clock()["now"] - now) < 60
    assert not fiskaly_mock.control.clock()["frozen"]


@pytest.mark.fiskaly(clock=datetime.datetime(2031, 1, 1, tzinfo=datetime.UTC))
def test_clock_as_an_object(fiskaly_mock):
    assert fiskaly_mock.control.clock()["iso"] == "2031-01-01T00:00:00Z"


@pytest.mark.fiskaly(
    faults={"operation": "listOrganizations", "effect": {"kind": "status", "status": 503}}
)
def test_fault(fiskaly_mock):
    assert carelessly(fiskaly_mock) == 503
    fiskaly_mock.reset()
    assert carelessly(fiskaly_mock) == 503


def test_no_fault(fiskaly_mock):
    assert carelessly(fiskaly_mock)["count"]


@pytest.mark.fiskaly(contract="off")
def test_off(fiskaly_mock):
    assert carelessly(fiskaly_mock, body={**BAKERY, "zip": 7}) == 400


@pytest.mark.fiskaly(preset="kitchen-sink", clock="2020-01-01T00:00:00Z")
def test_ages_count_back_from_the_start(fiskaly_mock):
    rows = fiskaly_mock.control.export_state()["memberships"]
    ends = [row["pending_until"] for row in rows if "pending_until" in row]
    assert ends
    assert all(abs(end - 1577836800) < 4 * 86400 for end in ends)


@pytest.mark.fiskaly(preset="kitchen-sink")
def test_ages_count_back_from_now(fiskaly_mock):
    rows = fiskaly_mock.control.export_state()["memberships"]
    now = fiskaly_mock.control.clock()["now"]
    assert all(abs(row.get("pending_until", now) - now) < 4 * 86400 for row in rows)
"""


def test_it_configures_the_fixture_and_the_closest_one_counts(client: pytest.Pytester) -> None:
    client.makepyfile(WORKING)
    client.runpytest("-p", "no:randomly").assert_outcomes(passed=12)


WRONG = {
    'preset="enterprize"': '*preset "enterprize" is not one of *(did you mean enterprise?)*',
    'seed="1"': "*seed '1' is not an integer*",
    "seed=True": "*seed True is not an integer*",
    "size=-1": "*size -1 is out of range: it is from 0 to 100000*",
    'country="Germany"': "*country*Germany*DE*",
    "country=49": '*country "49" is not one of *DE*',
    'clock="yesterday"': "*yesterday* is no point in time *2026-01-31T23:59:58Z*",
    "clock=datetime.datetime(2020, 1, 1)": "*2020-01-01T00:00:00 has no zone*",
    "clock=None": "*None* is no point in time*",
    'audit="enforced"': "*audit 'enforced' is not one of report, enforce (did you mean enforce?)*",
    'contract="enforced"': "*contract 'enforced' is not one of *(did you mean enforce?)*",
    'faults={"operation": "createKey", "effect": {"kind": "status", "status": 500}}': (
        "*createKey*no such operation*createApiKey*"
    ),
    'faults=[{"effect": {"kind": "explode"}}]': "*effect.kind*explode*",
    'faults={"effect": {"kind": "no_answer"}, "when": {"first": 0}}': "*when.first*>= 1*first*0*",
    'faults={"effect": {"kind": "delay", "seconds": float("nan")}}': "*NaN*",
    'faults="sign-de-dwn"': "*did you mean sign-de-down*",
    "faults=7": "*rule is 7, but should be an object*",
    'allow_violations="createOrganizaton"': "*(did you mean createOrganization?)*",
    'allow_violations="createOrganization:enumm"': "*rule 'enumm' *(did you mean enum?)*",
    "allow_violations=7": "*allow_violations takes *not 7*",
    'presett="single"': "*no such argument: 'presett' is not one of *(did you mean preset?)*",
    '"single"': "*keyword arguments only: preset=*",
}


def test_every_mistake_is_told_at_collection_with_test_and_remedy(client: pytest.Pytester) -> None:
    tests = "\n\n".join(
        f"@pytest.mark.fiskaly({arguments})\ndef test_{number}(): pass"
        for number, arguments in enumerate(WRONG)
    )
    for at in range(0, len(WRONG), 9):  # ten complaints are shown in full
        names = " or ".join(f"test_{number}_" for number in range(at, at + 9))
        module = client.makepyfile(
            test_wrong="import datetime\nimport pytest\n\n"
            + "\n\n".join(tests.split("\n\n")[at : at + 9])
        )
        result = client.runpytest(module, "--collect-only")
        assert result.ret == pytest.ExitCode.USAGE_ERROR, names
        shown = "\n".join(result.errlines)
        assert "Traceback" not in shown
        for number, words in enumerate([*WRONG.values()][at : at + 9], at):
            result.stderr.fnmatch_lines([f"*test_wrong.py::test_{number}: {words}"])


@pytest.mark.parametrize("workers", ["0", pytest.param("1", marks=pytest.mark.slow)])
def test_a_mistake_that_many_tests_share_is_told_once(
    client: pytest.Pytester, run_apart: RunApart, workers: str
) -> None:
    client.makepyfile(
        """
        import pytest

        pytestmark = pytest.mark.fiskaly(preset="enterprize")

        @pytest.mark.parametrize("number", range(50))
        def test_one(number):
            pass
        """
    )
    result = run_apart("-n", workers)
    assert result.ret != pytest.ExitCode.OK
    output = result.stdout.str() + result.stderr.str()
    assert output.count("did you mean enterprise") == 1
    assert "Traceback" not in output


def test_it_is_registered(client: pytest.Pytester) -> None:
    result = client.runpytest("--markers")
    result.stdout.fnmatch_lines(
        [
            (
                "@pytest.mark.fiskaly(preset=, seed=, size=, country=, tills=, receipts=, clock=,"
                " contract=, faults=, allow_violations=, audit=, intercept=)*"
            ),
            "@pytest.mark.fiskaly_real:*",
        ]
    )
