"""The two fixtures in suites of others: clean between tests, and honest about the fake."""

import threading

import pytest

TWO_TESTS = """
from api_client import count, create


def test_one(fiskaly_mock):
    create(fiskaly_mock)
    assert count(fiskaly_mock) == 7


def test_other(fiskaly_mock):
    assert count(fiskaly_mock) == 6
"""


def test_each_test_gets_the_server_in_its_seeded_state(client: pytest.Pytester) -> None:
    client.makepyfile(TWO_TESTS)
    client.runpytest().assert_outcomes(passed=2)


def test_one_server_serves_the_session(client: pytest.Pytester) -> None:
    client.makepyfile(
        """
        seen = []

        def test_one(fiskaly_mock, fiskaly_mock_server):
            seen.append(fiskaly_mock.base_url)
            assert fiskaly_mock.server is fiskaly_mock_server

        def test_other(fiskaly_mock):
            assert seen == [fiskaly_mock.base_url]
        """
    )
    client.runpytest().assert_outcomes(passed=2)


def test_the_server_runs_if_a_test_asks_for_it_and_is_gone_after_the_session(
    suite: pytest.Pytester,
) -> None:
    suite.makepyfile(
        """
        import threading

        BEFORE = {BEFORE}

        def test_before():
            assert len(threading.enumerate()) == BEFORE

        def test_one(fiskaly_mock):
            assert len(threading.enumerate()) == BEFORE + 1
        """.replace("{BEFORE}", str(threading.active_count()))
    )
    before = threading.enumerate()
    suite.runpytest("-p", "no:xdist").assert_outcomes(passed=2)
    assert threading.enumerate() == before


DEFECTIVE = """
import urllib.error
from api_client import ask, count, create, log_in
from fiskaly_mockserver.domain.account.organizations import Organizations
from fiskaly_mockserver.web.management import handlers


def crash(*_):
    raise RuntimeError("nobody thought of this")


def swallow(fiskaly_mock):
    try:
        count(fiskaly_mock)
    except urllib.error.HTTPError as error:
        error.close()


def test_crash(fiskaly_mock, monkeypatch):
    monkeypatch.setattr(Organizations, "list", crash)
    swallow(fiskaly_mock)


def test_wrong_answer(fiskaly_mock, monkeypatch):
    made = create(fiskaly_mock)
    monkeypatch.setattr(handlers, "SUCCESS", {"done": "perhaps"})
    ask(fiskaly_mock, f"/organizations/{made['_id']}", token=log_in(fiskaly_mock), method="DELETE")


def test_next(fiskaly_mock):
    assert count(fiskaly_mock) == 6
"""


def test_a_defect_of_the_fake_fails_the_test_even_if_the_client_swallowed_it(
    client: pytest.Pytester,
) -> None:
    client.makepyfile(DEFECTIVE)
    result = client.runpytest()
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            "*_ test_crash _*",
            "*a defect of fiskaly-mockserver, not of the client*",
            "*RuntimeError: nobody thought of this*",
            "*_ test_wrong_answer _*",
            "*the answer breaks the contract*",
        ]
    )


def test_the_settings_can_be_overridden(client: pytest.Pytester) -> None:
    client.makeconftest(
        """
        import pytest
        from pytest_fiskaly import ServerConfig

        @pytest.fixture(scope="session")
        def fiskaly_mock_config():
            return ServerConfig(port=0, preset="single", seed=3, country="FR")
        """
    )
    client.makepyfile(
        """
        from api_client import count

        def test_one(fiskaly_mock):
            assert count(fiskaly_mock) == 1
            assert fiskaly_mock.server.spec.country == "FR"
            assert fiskaly_mock.tree.seed == 3
        """
    )
    client.runpytest().assert_outcomes(passed=1)


def test_a_bad_setting_is_an_error_with_its_reason(suite: pytest.Pytester) -> None:
    suite.makeconftest(
        """
        import pytest
        from pytest_fiskaly import ServerConfig

        @pytest.fixture(scope="session")
        def fiskaly_mock_config():
            return ServerConfig(port=0, preset="enterprize")
        """
    )
    suite.makepyfile("def test_one(fiskaly_mock): pass")
    result = suite.runpytest()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            ">*ServerConfig(port=0, preset=*",
            "E *TreeError: *did you mean enterprise?)",
            "conftest.py:*",
        ]
    )
    for ours in ("pytest_fiskaly", "fiskaly_mockserver/", "fiskaly_fixtures/"):
        assert ours not in str(result.stdout)


def test_a_mistake_in_a_call_shows_the_line_of_the_test_alone(client: pytest.Pytester) -> None:
    client.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize(
            "call",
            [
                lambda mock, _: mock.seed("enterprize"),
                lambda mock, _: mock.token_for("nobody"),
                lambda mock, _: mock.expired_token_for("nobody"),
                lambda mock, _: mock.allow_violations("enumm"),
                lambda _, make: make("enterprize"),
            ],
            ids=["seed", "token", "expired", "allow", "make"],
        )
        def test_one(fiskaly_mock, fiskaly_mock_factory, call):
            call(fiskaly_mock, fiskaly_mock_factory)
        """
    )
    result = client.runpytest()
    result.assert_outcomes(failed=5)
    shown = str(result.stdout)
    for ours in ("mock.py", "servers.py", "mock_server.py", "markers.py"):
        assert ours not in shown


def test_a_class_of_unittest_can_use_it(client: pytest.Pytester) -> None:
    client.makepyfile(
        """
        import unittest
        import pytest
        from api_client import break_contract, count

        class TestClient(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _fake(self, fiskaly_mock):
                self.fake = fiskaly_mock

            def test_good(self):
                self.assertEqual(count(self.fake), 6)

            def test_broken(self):
                break_contract(self.fake)

            def test_own_failure(self):
                break_contract(self.fake, zip=1)
                self.fail("of its own")

            def test_skipped(self):
                break_contract(self.fake, zip=1)
                self.skipTest("the service is down")

            @unittest.expectedFailure
            def test_expected(self):
                break_contract(self.fake, zip=1)
                self.fail("as expected")

            @unittest.expectedFailure
            def test_unexpected(self):
                break_contract(self.fake, town=1)
        """
    )
    result = client.runpytest()
    result.assert_outcomes(passed=1, failed=3, skipped=1, xfailed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of TestClient.test_skipped*",
            "*body /zip breaks type*",
            "*_ TestClient.test_own_failure _*",
            "*of its own",
            "*body /zip breaks type*",
            "*_ TestClient.test_unexpected _*",
            "*body /town breaks type*",
        ]
    )


def test_the_types_of_the_fixtures_are_importable(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import pytest
        import pytest_fiskaly
        from pytest_fiskaly import FiskalyMock, ServerConfig

        def test_one(fiskaly_mock, fiskaly_mock_config):
            assert isinstance(fiskaly_mock, FiskalyMock)
            assert isinstance(fiskaly_mock_config, ServerConfig)
            with pytest.raises(AttributeError):
                pytest_fiskaly.nothing
        """
    )
    suite.runpytest().assert_outcomes(passed=1)


def test_a_server_that_a_test_stopped_runs_again_in_the_next(client: pytest.Pytester) -> None:
    client.makepyfile(
        """
        from api_client import break_contract, count, create

        def test_outage(fiskaly_mock, fiskaly_mock_server):
            create(fiskaly_mock)
            fiskaly_mock_server.stop()

        def test_next(fiskaly_mock):
            assert count(fiskaly_mock) == 6

        def test_stopped_again(fiskaly_mock_server):
            fiskaly_mock_server.stop()

        def test_wider(fiskaly_mock_server):
            assert fiskaly_mock_server.base_url

        def test_broken(fiskaly_mock):
            break_contract(fiskaly_mock)
        """
    )
    client.runpytest().assert_outcomes(passed=4, failed=1)
