"""One line per request on stderr, in two forms, at a level, and nothing secret in it."""

import json
import logging
import os
import re
import socket
import sys
import threading
from typing import Any

import pytest
from cli.callers import call, token_of
from fiskaly_contracts import Violation, Where
from fiskaly_mockserver import MockServer, ServerConfig
from fiskaly_mockserver.cli.request_log import LEVELS, LineWriter, RequestLog
from fiskaly_mockserver.world.journal.journal import Exchange

LINE = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    r" (?P<method>[A-Z]+) (?P<path>\S+) (?P<operation>\S+) (?P<status>\d{3})"
    r" \d+\.\d+ms [0-9a-f]{32}(?P<rest>.*)"
)


def logged(
    capfd: pytest.CaptureFixture[str],
    *,
    level: str = "debug",
    as_json: bool = False,
    pages: bool = False,
) -> list[str]:
    """Send two good requests, two that break the contract and one that is no HTTP."""
    log = RequestLog(sys.stderr, level=level, as_json=as_json)
    log.pages = pages
    config = ServerConfig(port=0, preset="single", on_exchange=log.write)
    with log.take_over(), MockServer(config) as server:
        key = server.credentials
        token = token_of(server.base_url, key.key, key.secret)
        token_of(server.base_url, key.key, key.secret)
        call(f"{server.base_url}/organizations?limit=x", token=token)
        call(f"{server.base_url}/nothing?secret=in-the-query")
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
            client.sendall(b"GET / HTTP/1.1\r\nno header\r\n\r\n")
            assert client.recv(12).endswith(b"400")
    return capfd.readouterr().err.splitlines()


def test_a_refused_request_has_the_address_of_its_page(capfd: pytest.CaptureFixture[str]) -> None:
    good, _, bad, unknown, _ = logged(capfd, pages=True)
    assert "/dashboard" not in good
    for line in (bad, unknown):
        assert re.search(r"ms /dashboard/requests/[0-9a-f]{32} ", line)


def test_text_is_one_line_per_request(capfd: pytest.CaptureFixture[str]) -> None:
    *lines, other = logged(capfd)
    found = [match.groupdict() for line in lines if (match := LINE.fullmatch(line))]
    assert len(found) == len(lines) == 4
    assert [one["operation"] for one in found] == [
        "authenticate",
        "authenticate",
        "listOrganizations",
        "-",
    ]
    assert [one["status"] for one in found] == ["200", "200", "400", "404"]
    assert found[0]["path"] == "/api/v0/auth"
    assert found[0]["rest"] == ""
    assert "query.limit should be" in found[2]["rest"]
    assert found[3]["path"] == "/api/v0/nothing"
    assert not [line for line in lines if "in-the-query" in line]
    assert other.endswith("Z a client sent what is not HTTP: BadHttpMessage")


def test_json_is_one_object_per_line(capfd: pytest.CaptureFixture[str]) -> None:
    *lines, other = [json.loads(line) for line in logged(capfd, as_json=True)]
    assert [line["status"] for line in lines] == [200, 200, 400, 404]
    assert list(lines[0]) == [
        "time",
        "method",
        "path",
        "operation",
        "status",
        "ms",
        "request_id",
        "refused_by",
        "fault",
        "violations",
    ]
    assert lines[0]["violations"] == []
    assert len(lines[2]["violations"]) == 1
    assert other["message"] == "a client sent what is not HTTP: BadHttpMessage"


@pytest.mark.parametrize(
    ("level", "statuses", "others"),
    [("warning", ["400", "404"], 1), ("error", [], 0), ("off", [], 0)],
)
def test_a_level_leaves_out_what_matters_less(
    capfd: pytest.CaptureFixture[str], level: str, statuses: list[str], others: int
) -> None:
    lines = logged(capfd, level=level)
    found = [match["status"] for line in lines if (match := LINE.fullmatch(line))]
    assert found == statuses
    assert len(lines) == len(found) + others


def secrets_of(tree: Any) -> list[str]:
    keys = [key for one in tree["organizations"] for key in one["api_keys"]]
    return [
        *(key["secret"] for key in keys),
        *(key["key"] for key in keys),
        *(user["password"] for user in tree["users"]),
    ]


def test_nothing_secret_is_in_the_log_of_an_onboarding(capfd: pytest.CaptureFixture[str]) -> None:
    """Neither of what goes right nor of what goes wrong."""
    log = RequestLog(sys.stderr, level="debug", as_json=False)
    config = ServerConfig(port=0, preset="kitchen-sink", on_exchange=log.write)
    with log.take_over(), MockServer(config) as server:
        api, tree = server.base_url, server.control.tree()
        secrets = secrets_of(tree)
        token = token_of(api, server.credentials.key, server.credentials.secret)
        profile = {
            "name": "Bakery",
            "address_line1": "Ring 1",
            "zip": "1010",
            "town": "Wien",
            "country_code": "AUT",
            "managed_by_organization_id": tree["organizations"][0]["id"],
        }
        made = call(f"{api}/organizations", profile, token=token)[2]
        keys = f"{api}/organizations/{made['_id']}/api-keys"
        new = call(keys, {"name": "till", "status": "enabled"}, token=token)[2]
        session = call(f"{api}/auth", {"api_key": new["key"], "api_secret": new["secret"]})[2]
        secrets += [token, new["key"], new["secret"]]
        secrets += [session["access_token"], session["refresh_token"]]
        user = next(one for one in tree["users"] if one["organization_ids"])
        login = {"email": user["email"], "password": user["password"]}
        session = call(f"{api}/auth", login)[2]
        secrets += [session["access_token"], session["refresh_token"]]
        for wrong in (
            {"api_key": new["key"], "api_secret": new["secret"], "unknown": new["secret"]},
            {"api_key": new["key"], "api_secret": [new["secret"]]},
            {"refresh_token": session["access_token"]},
            {"refresh_token": {"token": session["refresh_token"]}},
            {"email": user["email"], "password": 7, "api_secret": new["secret"]},
            new["secret"],
            [session["access_token"]],
        ):
            assert call(f"{api}/auth", wrong)[0] in (400, 401)
        for bad in (f"{token}x", session["refresh_token"], new["secret"]):
            call(f"{api}/organizations", token=bad)
        call(f"{api}/organizations?limit=1&access_token={token}", token=token)
        call(keys, {"name": "till", "secret": new["secret"]}, token=token)
    text = capfd.readouterr().err
    assert len(text.splitlines()) >= 15
    assert [secret for secret in secrets if secret in text] == []


def exchange(**changes: Any) -> Exchange:
    values: dict[str, Any] = {
        "request_id": "0" * 32,
        "at": 0.0,
        "method": "GET",
        "path": "/api/v0/organizations",
        "status": 200,
    }
    return Exchange(**(values | changes))


def written(
    capfd: pytest.CaptureFixture[str],
    one: Exchange,
    *,
    level: str = "debug",
    as_json: bool = False,
) -> str:
    log = RequestLog(sys.stderr, level=level, as_json=as_json)
    with log.take_over():
        log.write(one)
    return capfd.readouterr().err


def test_a_crash_is_an_error_and_comes_with_its_traceback(
    capfd: pytest.CaptureFixture[str],
) -> None:
    crashed = exchange(status=500, crash="Traceback (most recent call last):\n  …")
    assert "Traceback (most recent call last)" in written(capfd, crashed, level="error")
    assert written(capfd, crashed, level="off") == ""
    assert written(capfd, exchange(), level="error") == ""


def test_an_answer_that_breaks_the_contract_is_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    violation = Violation(
        where=Where.BODY,
        pointer="/count",
        rule="required",
        expected="present",
        operation_id="listOrganizations",
    )
    broken = exchange(response_violations=(violation,))
    assert violation.sentence() in written(capfd, broken, level="error")


def test_a_refusal_is_named_by_its_rule(capfd: pytest.CaptureFixture[str]) -> None:
    assert written(capfd, exchange(refusal="NotTheAdmin (R4)")).endswith(" NotTheAdmin (R4)\n")


def test_an_armed_fault_is_named_as_in_the_journal(capfd: pytest.CaptureFixture[str]) -> None:
    one = exchange(status=503, fault="fault-1")
    assert written(capfd, one).endswith(" fault-1\n")
    assert json.loads(written(capfd, one, as_json=True))["fault"] == "fault-1"


def test_nothing_that_a_client_names_breaks_the_line_or_the_terminal(
    capfd: pytest.CaptureFixture[str],
) -> None:
    line = written(capfd, exchange(path="/a\nb\x1b[31m\u202e\ud800"))
    assert line.count("\n") == 1
    assert line.rstrip("\n").isprintable()
    again = written(capfd, exchange(path="/a\nb\x1b[31m\u202e\ud800"), as_json=True)
    assert again.count("\n") == 1
    assert again.isascii()


def test_every_level_has_a_name() -> None:
    assert list(LEVELS) == ["debug", "info", "warning", "error", "off"]


def test_lines_that_nobody_reads_are_dropped_and_counted_as_soon_as_somebody_does() -> None:
    number, line = 5_000, "x" * 99
    reading, writing = os.pipe()
    with os.fdopen(reading, encoding="ascii") as reader, os.fdopen(writing, "w") as stream:
        writer = LineWriter(stream, limit=100)
        for _ in range(number):
            writer.write(line)
        writer.close()  # nobody reads, and nobody is waited for
        kept = lost = 0
        while kept + lost < number:
            read = reader.readline().rstrip("\n")
            if read == line:
                kept += 1
            else:
                lost += int(read.removesuffix(" lines were dropped"))
        assert kept + lost == number
        assert kept < 2_000
        writer.write("again")
        assert reader.readline() == "again\n"
        writer.close()


def test_a_stream_that_is_closed_or_missing_is_no_reason_to_stop() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        for one in (stream, None):
            writer = LineWriter(one)
            writer.write("x")
            writer.close()


def test_a_pipe_that_does_not_block_is_tried_again() -> None:
    """As some programs hand them to what they start."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    lines = 2_000
    with os.fdopen(reading, encoding="ascii") as reader, os.fdopen(writing, "w") as stream:
        writer = LineWriter(stream, limit=10_000)
        for _ in range(lines):
            writer.write("x" * 99)
        read: list[str] = []
        thread = threading.Thread(
            target=lambda: read.extend(reader.readline() for _ in range(lines))
        )
        thread.start()
        thread.join(60)
        assert read == ["x" * 99 + "\n"] * lines


def test_what_a_library_says_again_and_again_is_one_line_a_second(
    capfd: pytest.CaptureFixture[str],
) -> None:
    log = RequestLog(sys.stderr, level="info", as_json=False)
    with log.take_over():
        [handler] = [one for one in logging.getLogger().handlers if type(one).__name__ == "_Lines"]
        for at in (*range(1_000), 2_500):
            for name in ("asyncio", "other"):
                message = f"no descriptor is left\nsocket {at}"
                record = logging.LogRecord(name, logging.ERROR, "", 0, message, (), None)
                record.created = at / 1_000
                handler.handle(record)
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 4
    assert [line for line in lines if line.endswith(" (999 more like it before)")] == lines[2:]


def test_a_line_that_fails_keeps_back_neither_its_traceback_nor_the_next(
    capfd: pytest.CaptureFixture[str],
) -> None:
    log = RequestLog(sys.stderr, level="info", as_json=False)
    with log.take_over():
        log.write(exchange(duration="a secret, perhaps", crash="Traceback"))
        log.note("the next")
    assert capfd.readouterr().err.splitlines() == [
        "a line of this log failed: ValueError",
        "Traceback",
        "the next",
    ]
