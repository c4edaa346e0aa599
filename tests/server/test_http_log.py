"""What goes wrong below the API is one line in the log, and quotes nothing of the client's."""

import logging

import pytest
from fiskaly_mockserver import MockServer
from fiskaly_mockserver.server.listening import _without_client_tracebacks
from server.raw_http import request, talk
from server.target import JSON, ORGANIZATIONS, authenticate

SECRET = "header.a-secret-token.signature"


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("no colon here", id="no-colon"),
        pytest.param(f"Authorization : Bearer {SECRET}", id="space-before-the-colon"),
        pytest.param(f"X: \x00{SECRET}", id="nul"),
        pytest.param(f"X: {SECRET * 400}", id="over-8-kilobytes"),
    ],
)
def test_a_malformed_head_is_one_line_without_the_token(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], line: str
) -> None:
    with MockServer() as server, caplog.at_level(logging.DEBUG):
        caplog.clear()
        sent = request("GET", ORGANIZATIONS, f"Authorization: Bearer {SECRET}", line)
        [answer] = talk(server.port, sent)
        assert answer.status == 400
    [record] = [one for one in caplog.records if one.name == "fiskaly_mockserver.http"]
    assert record.levelno == logging.WARNING
    assert record.exc_info is None
    assert record.getMessage().startswith("a client sent what is not HTTP: ")
    assert "\n" not in record.getMessage()
    output = capfd.readouterr()
    for text in (caplog.text, output.out, output.err):
        assert SECRET not in text
        assert "Traceback" not in text


def test_a_body_that_does_not_unpack_is_one_line_too(caplog: pytest.LogCaptureFixture) -> None:
    with MockServer() as server, caplog.at_level(logging.DEBUG):
        authorization = f"Authorization: Bearer {authenticate(server)}"
        caplog.clear()
        sent = request(
            "GET", ORGANIZATIONS, authorization, JSON, "Content-Encoding: gzip", body=b"{}"
        )
        [answer] = talk(server.port, sent)
        assert answer.status == 200, "nothing asked for the body"
    lines = [one for one in caplog.records if one.name == "fiskaly_mockserver.http"]
    assert [line.getMessage() for line in lines if not line.exc_info]
    assert not [line for line in lines if line.exc_info]


def test_a_client_that_speaks_http_leaves_no_line(caplog: pytest.LogCaptureFixture) -> None:
    with MockServer() as server, caplog.at_level(logging.DEBUG):
        caplog.clear()
        authenticate(server)
        talk(server.port, request("GET", "/nothing"))
    assert not [one for one in caplog.records if one.name.startswith(("fiskaly", "aiohttp"))]


def test_an_error_of_ours_keeps_its_traceback() -> None:
    """The filter is about what clients do."""
    record = logging.LogRecord(
        "x", logging.ERROR, "", 0, "it broke", (), (ValueError, ValueError("why"), None)
    )
    assert _without_client_tracebacks(record)
    assert record.exc_info is not None
    assert (record.levelno, record.getMessage()) == (logging.ERROR, "it broke")


def test_two_servers_leave_one_filter() -> None:
    logger = logging.getLogger("fiskaly_mockserver.http")
    with MockServer(), MockServer():
        pass
    assert logger.filters.count(_without_client_tracebacks) == 1
