"""`qr`: a receipt's code explained with a server and without, and drawn."""

import struct
import zlib
from pathlib import Path

import pytest
from builders.signed_receipt import CLIENT, SERIAL, TX, sign_receipt
from cli.callers import run_verb
from cli.conftest import Verb
from fiskaly_mockserver.server.mock_server import MockServer

QUIET_ZONE = 4
"""Modules of white around a code, as the standard has it."""
UP = 2
"""The PNG filter of a row that tells what differs from the one above."""


@pytest.fixture
def code(server: MockServer) -> str:
    return str(sign_receipt(server)["qr_code_data"])


@pytest.fixture
def nobody(closed_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FISKALY_MOCK_URL", f"http://127.0.0.1:{closed_port}")


def test_a_right_code_is_explained_and_known(verb: Verb, code: str) -> None:
    outcome = verb("qr", code)
    assert (outcome.code, outcome.err) == (0, "")
    lines = dict(line.split("  ", 1) for line in outcome.out.splitlines() if line[0] != " ")
    assert lines["client serial number"].strip() == SERIAL
    assert lines["verified"].strip() == "the signature verifies with the public key of the code"
    assert lines["transaction"].strip().startswith(f"{TX} of this server, FINISHED in TEST")
    assert "  kind                Beleg\n  NORMAL              11.90\n" in outcome.out
    assert "  paid                11.90 EUR CASH\n" in outcome.out
    assert verb("qr", code, "--json").json["transaction"]["id"] == TX


def test_a_sandbox_does_not_know_it(verb: Verb, code: str) -> None:
    outcome = verb("qr", code, "--sandbox", "other")
    assert outcome.code == 0
    assert "transaction           unknown to the server\n" in outcome.out


def test_the_id_of_the_client_in_it_is_a_finding(verb: Verb, code: str) -> None:
    outcome = verb("qr", code.replace(SERIAL, CLIENT))
    assert outcome.code == 1
    assert f"'{CLIENT}' is the client_id of that client" in outcome.out.splitlines()[-1]


@pytest.mark.usefixtures("nobody")
def test_without_a_server_all_but_the_transaction_is_told(code: str) -> None:
    outcome = run_verb("qr", "-", stdin=f"{code}\n")
    assert (outcome.code, outcome.err) == (0, "")
    assert "transaction           unknown: no server answers at " in outcome.out
    as_json = run_verb("qr", code, "--json")
    assert (as_json.code, as_json.json["valid"], as_json.json["transaction"]) == (0, True, None)
    assert as_json.err.startswith("Note: no server was asked for the transaction: no server answ")
    wrong = run_verb("qr", code.replace("11.90", "11.80"))
    assert wrong.code == 1
    assert "WRONG                 the signature does not verify" in wrong.out


def test_a_server_that_refuses_control_is_no_hindrance(
    uncontrolled_server: MockServer, code: str
) -> None:
    outcome = run_verb("qr", code, "--url", uncontrolled_server.base_url)
    assert outcome.code == 0
    assert "transaction           unknown: " in outcome.out


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize("text", ["", "V0", "\udcff"])
def test_what_is_no_code_is_a_finding(text: str) -> None:
    outcome = run_verb("qr", text)
    assert (outcome.code, len(outcome.out.splitlines())) == (1, 1)
    assert outcome.out.startswith("WRONG                 a code ")


@pytest.mark.usefixtures("nobody")
def test_a_line_break_in_process_data_breaks_no_line(code: str) -> None:
    order = code.replace("Kassenbeleg-V1", "Bestellung-V1").replace(
        "Beleg^11.90_0.00_0.00_0.00_0.00^11.90:Bar", '2;"Pils";3.50\r1;"Brot";0.80'
    )
    outcome = run_verb("qr", order)
    assert outcome.code == 1
    assert '2;"Pils";3.50\\r1;"Brot";0.80\n' in outcome.out
    assert "  ordered             1 of Brot at 0.80\n" in outcome.out


@pytest.mark.usefixtures("nobody")
def test_the_code_is_drawn_right_or_wrong(code: str, tmp_path: Path) -> None:
    file = tmp_path / "code.png"
    assert run_verb("qr", code, "--png", str(file)).code == 0
    modules = modules_of(file)
    side = len(modules) - 2 * QUIET_ZONE
    assert (side - 17) % 4 == 0
    finder = [sum(row[QUIET_ZONE : QUIET_ZONE + 7]) for row in modules[QUIET_ZONE : QUIET_ZONE + 7]]
    assert finder == [7, 2, 5, 5, 5, 2, 7]
    assert not any(modules[0])
    before = file.read_bytes()
    assert run_verb("qr", code + "x", "--png", str(file)).code == 1
    assert file.read_bytes() != before


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize(
    ("text", "file", "told"),
    [
        ("x" * 3000, "code.png", "Data too large"),
        ("\udcff", "code.png", "a QR code holds no such text"),
        ("V0", "none/code.png", "cannot be written: No such file or directory"),
    ],
)
def test_what_cannot_be_drawn_is_a_usage_error(
    tmp_path: Path, text: str, file: str, told: str
) -> None:
    outcome = run_verb("qr", text, "--png", str(tmp_path / file))
    assert (outcome.code, outcome.out) == (2, "")
    assert told in outcome.err
    assert [*tmp_path.iterdir()] == []


def modules_of(file: Path) -> list[list[int]]:
    """Return the modules of a picture, 1 for a black one."""
    data = file.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, at = {}, 8
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        chunks[data[at + 4 : at + 8]] = data[at + 8 : at + 8 + size]
        at += size + 12
    width, height, depth = struct.unpack_from(">IIB", chunks[b"IHDR"])
    assert (width, depth) == (height, 1)
    raw = zlib.decompress(chunks[b"IDAT"])
    step = -(-width // 8) + 1
    rows: list[bytes] = []
    for start in range(0, len(raw), step):
        row = raw[start + 1 : start + step]
        if raw[start] == UP:
            row = bytes((one + above) % 256 for one, above in zip(row, rows[-1], strict=True))
        else:
            assert raw[start] == 0
        rows.append(row)
    pixels = [[1 - (row[x // 8] >> (7 - x % 8) & 1) for x in range(width)] for row in rows]
    scale = next(y for y, row in enumerate(pixels) if any(row)) // QUIET_ZONE
    return [row[::scale] for row in pixels[::scale]]
