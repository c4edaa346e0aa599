"""SIGN DE in a suite: address, tills, what was signed, and what the journal says of it."""

from collections.abc import Iterator

import pytest
from fiskaly_mockserver import MockServer

TILL = """
import json
import urllib.error
import urllib.request

RECEIPT = {
    "receipt_type": "RECEIPT",
    "amounts_per_vat_rate": [{"vat_rate": "NORMAL", "amount": "11.90"}],
    "amounts_per_payment_type": [{"payment_type": "CASH", "amount": "11.90"}],
}
TX = "c1d2e3f4-a5b6-4c7d-8e9f-0a1b2c3d4e5f"


def ask(mock, method, path, body, token=""):
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    request = urllib.request.Request(
        mock.sign_de_url + path, json.dumps(body).encode(), headers, method=method
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def start(mock):
    # returns what finishes the transaction, with raw data of a process type
    tss = mock.new_tss(mock.tree.main)
    key = mock.credentials
    login = {"api_key": key.key, "api_secret": key.secret}
    token = ask(mock, "POST", "/auth", login)["access_token"]
    call = {"state": "ACTIVE", "client_id": tss.clients[0].client_id}
    path = f"/tss/{tss.tss_id}/tx/{TX}?tx_revision="
    ask(mock, "PUT", f"{path}1", call, token)

    def finish(process_type):
        raw = {"process_type": process_type, "process_data": "eA=="}
        ask(mock, "PUT", f"{path}2", {**call, "state": "FINISHED", "schema": {"raw": raw}}, token)

    return finish


def sign(mock, tss):
    key = mock.credentials
    login = {"api_key": key.key, "api_secret": key.secret}
    token = ask(mock, "POST", "/auth", login)["access_token"]
    call = {"state": "ACTIVE", "client_id": tss.clients[0].client_id}
    path = f"/tss/{tss.tss_id}/tx/{TX}?tx_revision="
    ask(mock, "PUT", f"{path}1", call, token)
    end = {**call, "state": "FINISHED", "schema": {"standard_v1": {"receipt": RECEIPT}}}
    return ask(mock, "PUT", f"{path}2", end, token)
"""
TESTS = """
from decimal import Decimal

import pytest
from pytest_fiskaly import BadCriterion, NotInTheTree, TssHandle
from till import TX, ask, sign


def test_a_receipt_is_signed_at_a_till_of_one_call(fiskaly_mock):
    tss = fiskaly_mock.new_tss(fiskaly_mock.tree.main, clients=2)
    assert isinstance(tss, TssHandle) and len(tss.clients) == 2
    signed = sign(fiskaly_mock, tss)
    [receipt] = fiskaly_mock.receipts(tss)
    assert receipt.qr_code_data == signed["qr_code_data"]
    assert receipt.total == Decimal("11.90")
    journal = fiskaly_mock.journal
    journal.assert_called("upsertTransaction", body={"state": "FINISHED"}, status=200)
    start = {"path": f"/tss/*/tx/{TX}", "query": {"tx_revision": 1}}
    journal.assert_called_once("upsertTransaction", **start)
    journal.assert_not_called("createTss")
    with pytest.raises(BadCriterion, match="did you mean upsertTransaction"):
        journal.assert_called("upsertTransactions")
    with pytest.raises(BadCriterion, match="is a secret"):
        journal.assert_called("authenticateAdmin", body={"admin_pin": "123456"})


def test_an_organization_without_tills_says_so(fiskaly_mock):
    with pytest.raises(NotInTheTree, match="set up a TSS"):
        fiskaly_mock.tree.managed[0].tss


@pytest.mark.fiskaly(tills=2, receipts=3)
def test_a_tree_begins_with_tills_and_receipts(fiskaly_mock):
    shop = fiskaly_mock.tree.managed[0]
    assert len(shop.tss.clients) == 2
    receipts = fiskaly_mock.receipts(shop.tss)
    assert len(receipts) == 6
    assert {one.client_id for one in receipts} == {one.client_id for one in shop.tss.clients}
    assert [one.findings for one in receipts] == [()] * 6
    assert all(one.total > 0 for one in receipts)
    login = {"api_key": shop.key, "api_secret": shop.secret}
    token = ask(fiskaly_mock, "POST", "/auth", login)["access_token"]
    path = f"/tss/{shop.tss.tss_id}/admin/auth"
    assert ask(fiskaly_mock, "POST", path, {"admin_pin": shop.tss.admin_pin}, token) == {}
    assert len(fiskaly_mock.seed(tills=1).managed[0].tss.clients) == 1


def test_its_id_is_enough(fiskaly_mock):
    tss = fiskaly_mock.new_tss(fiskaly_mock.tree.main.organization_id, clients=0)
    assert fiskaly_mock.receipts(tss.tss_id) == []


FAULT = {"operation": "upsertTransaction", "effect": {"kind": "status", "status": 503}}


@pytest.mark.fiskaly(faults=FAULT)
def test_faults_know_its_operations(fiskaly_mock):
    tss = fiskaly_mock.new_tss(fiskaly_mock.tree.main)
    with pytest.raises(OSError, match="503") as refused:
        sign(fiskaly_mock, tss)
    refused.value.close()


@pytest.mark.fiskaly(faults=["lost-answer", FAULT])
def test_an_outage_has_a_name(fiskaly_mock):
    armed = [fault["rule"] for fault in fiskaly_mock.control.faults()]
    assert [rule["effect"]["kind"] for rule in armed] == ["connection_reset", "status"]
"""
LINE = "fiskaly: 3 of 33 operations of sign-de exercised, 7 exchanges, no violations"


@pytest.fixture
def tills(suite: pytest.Pytester) -> pytest.Pytester:
    suite.makepyfile(till=TILL, test_tills=TESTS)
    return suite


@pytest.fixture
def other() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


def test_a_suite_of_a_till(tills: pytest.Pytester) -> None:
    result = tills.runpytest("--fiskaly-coverage")
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(["upsertTransaction *", "sign-de: operations 3 of 33 *", LINE])
    result.stdout.no_fnmatch_line("createOrganization *")


def test_the_same_against_a_fake_of_another_process(
    tills: pytest.Pytester, other: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FISKALY_API_KEY", other.credentials.key)
    monkeypatch.setenv("FISKALY_API_SECRET", other.credentials.secret)
    tills.runpytest(f"--fiskaly-url={other.base_url}").assert_outcomes(passed=6)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockServer]:
    """What is no fake to the plugin, and serves the Management API alone."""
    monkeypatch.delenv("FISKALY_SIGN_DE_URL", raising=False)
    with MockServer(control=False, sign_de=False) as server:
        monkeypatch.setenv("FISKALY_API_KEY", server.credentials.key)
        monkeypatch.setenv("FISKALY_API_SECRET", server.credentials.secret)
        yield server


@pytest.mark.parametrize("url", ["", "https://sign.example/api/v2"])
def test_the_real_service_has_it_at_the_address_of_the_environment(
    suite: pytest.Pytester, elsewhere: MockServer, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    if url:
        monkeypatch.setenv("FISKALY_SIGN_DE_URL", url)
    suite.makepyfile(
        f"""
        import pytest

        @pytest.mark.fiskaly_real
        def test_one(fiskaly_mock):
            assert fiskaly_mock.sign_de_url == {url!r}
        """
    )
    result = suite.runpytest("-rs", f"--fiskaly-url={elsewhere.base_url}")
    result.assert_outcomes(passed=bool(url), skipped=not url)
    if not url:
        result.stdout.fnmatch_lines(["SKIPPED*FISKALY_SIGN_DE_URL is not set*"])


def test_a_fake_of_another_process_may_do_without_it(suite: pytest.Pytester) -> None:
    suite.makepyfile("def test_one(fiskaly_mock): fiskaly_mock.sign_de_url")
    with MockServer(sign_de=False) as server:
        result = suite.runpytest(f"--fiskaly-url={server.base_url}")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *ServerError: this server does not serve SIGN DE*"])


def test_an_address_that_is_not_served_is_refused(suite: pytest.Pytester) -> None:
    suite.makeconftest(
        """
        import pytest
        from fiskaly_mockserver import ServerConfig

        @pytest.fixture(scope="session")
        def fiskaly_mock_config():
            return ServerConfig(port=0, sign_de=False)
        """
    )
    suite.makepyfile("def test_one(fiskaly_mock): fiskaly_mock.sign_de_url")
    result = suite.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *ServerError: this server does not serve SIGN DE*"])


@pytest.mark.parametrize("does", ["new_tss(None)", "receipts('1')"])
def test_what_the_real_service_has_not_got_is_refused(suite: pytest.Pytester, does: str) -> None:
    suite.makepyfile(
        f"""
        import pytest

        @pytest.mark.fiskaly_real
        def test_one(fiskaly_mock):
            assert fiskaly_mock.sign_de_url.endswith("/api/v2")
            fiskaly_mock.{does}
        """
    )
    result = suite.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*needs control over the fake, but the test is marked*"])


def test_an_allowance_knows_its_operations(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        till=TILL,
        test_it="""
        import pytest
        from till import ask

        @pytest.mark.fiskaly(allow_violations="authenticateApi")
        def test_one(fiskaly_mock):
            with pytest.raises(OSError, match="400") as refused:
                ask(fiskaly_mock, "POST", "/auth", {"api_key": 1})
            refused.value.close()

        def test_two(fiskaly_mock):
            with pytest.raises(OSError, match="400") as refused:
                ask(fiskaly_mock, "POST", "/auth", {"api_key": 1})
            refused.value.close()
        """,
    )
    result = suite.runpytest()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["FAILED test_it.py::test_two*"])


AUDITED = """
import pytest
from till import start


def sign_what_no_auditor_takes(mock):
    start(mock)("Kassenbeleg")


def test_told(fiskaly_mock):
    sign_what_no_auditor_takes(fiskaly_mock)


@pytest.mark.fiskaly(audit="enforce")
def test_failed(fiskaly_mock):
    sign_what_no_auditor_takes(fiskaly_mock)


@pytest.mark.fiskaly(audit="enforce", allow_violations="audit-process-type")
def test_allowed(fiskaly_mock):
    sign_what_no_auditor_takes(fiskaly_mock)
"""


def test_what_an_auditor_would_reject_is_told_or_fails_its_test(suite: pytest.Pytester) -> None:
    suite.makepyfile(till=TILL, test_audited=AUDITED)
    result = suite.runpytest("-p", "no:cacheprovider")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*FAILED*test_failed*"])
    assert "audit-process-type" in result.stdout.str()


LEFT_ACTIVE = """
import pytest
from till import start


def test_told(fiskaly_mock):
    start(fiskaly_mock)


@pytest.mark.fiskaly(audit="enforce")
def test_failed(fiskaly_mock):
    start(fiskaly_mock)


@pytest.mark.fiskaly(audit="enforce")
def test_finished(fiskaly_mock):
    start(fiskaly_mock)("SonstigerVorgang")


@pytest.mark.fiskaly(audit="enforce", allow_violations="audit-still-active")
def test_allowed(fiskaly_mock):
    start(fiskaly_mock)
"""


@pytest.mark.parametrize("remote", [False, True])
def test_a_transaction_that_is_left_active_is_told_or_fails_its_test(
    suite: pytest.Pytester, *, remote: bool
) -> None:
    suite.makepyfile(till=TILL, test_left=LEFT_ACTIVE)
    with MockServer() as server:
        url = [f"--fiskaly-url={server.base_url}"] if remote else []
        result = suite.runpytest("-p", "no:cacheprovider", *url)
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["*FAILED*test_failed*"])
    assert "transaction 1 should be FINISHED or CANCELLED" in result.stdout.str()
    assert "audit-still-active" in result.stdout.str()
