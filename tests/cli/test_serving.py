"""The served command in a process of its own: from its start to a clean end."""

import signal
import socket
import subprocess
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cli.callers import run_verb, token_of
from cli.running import COMMAND, PATIENCE, Running, clean_environment, serving

JSON = ("--json", "--port", "0", "--preset", "single")


def authenticate(running: Running) -> None:
    key = running.line["organizations"][0]["api_keys"][0]
    assert token_of(running.line["base_url"], key["key"], key["secret"])


def test_without_a_verb_it_serves_and_prints_the_banner(tmp_path: Path) -> None:
    with serving(tmp_path, "--port", "0", last="Ctrl+C") as running:
        assert "preset individual-customers, seed 1: 6 organizations" in running.announced
        assert "Secret" in running.announced
        assert len(running.announced.splitlines()) <= 24
        assert running.end(signal.SIGINT) == 0
    assert running.logged() == ""


@pytest.mark.parametrize(
    ("number", "loop"),
    [(signal.SIGINT, "asyncio"), (signal.SIGTERM, "asyncio"), (signal.SIGTERM, "uvloop")],
)
def test_a_signal_ends_it_without_a_word(tmp_path: Path, number: signal.Signals, loop: str) -> None:
    pytest.importorskip(loop)
    with serving(tmp_path, "serve", *JSON, "--loop", loop, "--log-level", "off") as running:
        authenticate(running)
        assert running.line["pid"] == running.process.pid
        assert running.announced.endswith("}\n")
        assert running.end(number) == 0
    assert running.logged() == ""


def test_variables_stand_in_for_the_flags_of_serve(tmp_path: Path, unused_port: int) -> None:
    env = {"PORT": str(unused_port), "PRESET": "single", "JSON": "1"}
    with serving(
        tmp_path, "--seed", "6", env={f"FISKALY_MOCK_{name}": value for name, value in env.items()}
    ) as running:
        assert (running.line["preset"], running.line["seed"]) == ("single", 6)
        assert running.line["base_url"] == f"http://127.0.0.1:{unused_port}/api/v0"


def test_a_client_that_does_not_go_on_does_not_hold_up_the_end(tmp_path: Path) -> None:
    with serving(tmp_path, *JSON) as running:
        address = urlsplit(running.line["base_url"])
        with socket.create_connection((address.hostname, address.port), timeout=60) as client:
            client.sendall(b"POST /api/v0/auth HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
            assert running.end() == 0
    assert "Traceback" not in running.logged()


def test_a_port_in_use_is_one_clear_line_and_exit_3(occupied_port: int) -> None:
    outcome = run_verb("--port", str(occupied_port), "--preset", "empty")
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err == (
        f"Error: port {occupied_port} on 127.0.0.1 is in use:"
        " choose another port, or 0 for a free one\n"
    )


def test_whoever_starts_it_need_not_read_what_it_prints(unused_port: int) -> None:
    flags = ("--json", "--port", str(unused_port), "--size", "400")  # more than a pipe takes
    with subprocess.Popen(
        [*COMMAND, "serve", *flags],
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        try:
            assert run_verb("wait", "--url", f"127.0.0.1:{unused_port}").code == 0
            client = HTTPConnection("127.0.0.1", unused_port, timeout=PATIENCE)
            for path in ["/api/v0/nothing"] * 1_000:
                client.request("GET", path)
                client.getresponse().read()
            client.request("GET", "/_mock/health")
            assert client.getresponse().status == 200
            client.close()
            process.terminate()
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()
        assert process.stderr is not None
        assert " GET /api/v0/nothing - 404 " in process.stderr.readline()


def test_it_takes_as_many_descriptors_as_it_may_have(unused_port: int) -> None:
    flags = ("serve", "--port", str(unused_port), "--preset", "empty", "--log-level", "off")
    with subprocess.Popen(
        ["sh", "-c", 'ulimit -Hn 512; ulimit -Sn 64; exec "$@"', "sh", *COMMAND, *flags],
        env=clean_environment(),
        stdout=subprocess.DEVNULL,
    ) as process:
        clients = []
        try:
            assert run_verb("wait", "--url", f"127.0.0.1:{unused_port}").code == 0
            for _ in range(200):
                clients.append(HTTPConnection("127.0.0.1", unused_port, timeout=PATIENCE))
                clients[-1].request("GET", "/_mock/health")
                assert clients[-1].getresponse().read()
        finally:
            process.kill()
            for client in clients:
                client.close()
