"""Log messages byte for byte: the examples of the guideline's layout, made with throw-away keys."""

import hashlib
from base64 import b64decode
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from asn1crypto import core, parser  # type: ignore[import-untyped]
from builders.archives import elements as taken_apart
from builders.openssl import OpenSsl
from fiskaly_mockserver.domain.signing import log_messages
from fiskaly_mockserver.domain.signing.log_messages import SystemMessage, signed, system_log
from fiskaly_mockserver.world.signing import SeededSigningKeys, verifies

POINT = b64decode(
    "BERL15Jun3xHTxLm6dkB5VrfMr8rZLa6geDKu0dQj3HsuqCKuYb1UCQPeM6bwBZiwknFUgMYVKd7PYFDvpuYisg="
)
SERIAL = hashlib.sha256(POINT).digest()
START = bytes.fromhex(
    "3081af020102060904007f000703070101801053746172745472616e73616374696f6e81084b415353452d3031"
    "820083012085020080"
    "0420e62a116b2d17d219c57c6046a7c04bd77837a8ea02704558865064a31743a20d"
    "300c060a04007f00070101040103020200c802046955b900"
    "04403b0013bf51b533793511449e60f08ab4c4ebb97bf1d4ff9329ccd99aabab567a"
    "3bd76f204de513a955a0c0d476a88b3f8986d3a0e1a3bb0ef8aeea2bbf006b05"
)
FINISH = bytes.fromhex(
    "3081e6020102060904007f000703070101801146696e6973685472616e73616374696f6e81084b415353452d3031"
    "822942656c65675e31312e39305f302e30305f302e30305f302e30305f302e30305e31312e39303a42617283"
    "0e4b617373656e62656c65672d5631850200800420e62a116b2d17d219c57c6046a7c04bd77837a8ea02704558"
    "865064a31743a20d300c060a04007f00070101040103020200c902046955b9050440"
    "29a69a44392563a87a10b64191c02eaf3ad7202e0d33f8cc0047b8befcff58ab"
    "ce33ba57712f1f05a63cd4f7d4df3fc81b218f4f50327ef3a21ca137b42e839f"
)
AUTHENTICATE = bytes.fromhex(
    "3081ad020102060904007f000703070102801061757468656e74696361746555736572"
    "8110810874722d61646d696e8201018301ff"
    "0420e62a116b2d17d219c57c6046a7c04bd77837a8ea02704558865064a31743a20d"
    "300c060a04007f0007010104010302010802046955b89c0440"
    "8407655161710d84b1e5d35535b28253639b80ccab52ce86f84843b48c8ef413"
    "c5a4a5f23127116959fa4051485e132cae311210e5bfbfa4b6919025dcadfb47"
)
TIME = 1767225600


def transaction(operation: str, data: bytes, kind: str, counter: int, time: int) -> bytes:
    return log_messages.transaction_log(
        operation=operation,
        client_serial_number="KASSE-01",
        process_data=data,
        process_type=kind,
        number=128,
        serial=SERIAL,
        counter=counter,
        time=time,
    )


def test_the_start_of_a_transaction() -> None:
    unsigned = transaction("Start", b"", " ", 200, TIME)
    assert signed(unsigned, START[-64:]) == START
    assert verifies(POINT, unsigned, START[-64:])


def test_the_finish_of_a_transaction() -> None:
    data = b"Beleg^11.90_0.00_0.00_0.00_0.00^11.90:Bar"
    unsigned = transaction("Finish", data, "Kassenbeleg-V1", 201, TIME + 5)
    assert signed(unsigned, FINISH[-64:]) == FINISH
    assert verifies(POINT, unsigned, FINISH[-64:])


def test_a_system_log() -> None:
    unsigned = system_log(
        log_messages.authenticate_user(), serial=SERIAL, counter=8, time=0x6955B89C
    )
    assert signed(unsigned, AUTHENTICATE[-64:]) == AUTHENTICATE
    assert verifies(POINT, unsigned, AUTHENTICATE[-64:])


def test_a_changed_byte_verifies_no_longer() -> None:
    unsigned = transaction("Start", b"", " ", 201, TIME)
    assert not verifies(POINT, unsigned, START[-64:])
    assert not verifies(POINT[:-1], unsigned, START[-64:])


UUID = "00000000-0000-4000-8000-000000000000"
Make = Callable[[], SystemMessage]
"""Makes a message when its test runs, so that its lines count as reached by that test."""


def setup(event: str) -> Make:
    return lambda: next(one for one in log_messages.deployment(TIME) if one.event == event)


@pytest.mark.parametrize(
    ("make", "length"),
    [
        pytest.param(lambda: log_messages.update_time(TIME, TIME + 1), 166, id="updateTime"),
        pytest.param(setup("registerClient"), 165, id="registerClient"),
        pytest.param(setup("startAudit"), 154, id="startAudit"),
        pytest.param(setup("configureLogging"), 528, id="configureLogging"),
        pytest.param(setup("selfTest"), 189, id="selfTest"),
        pytest.param(setup("enterSecureState"), 166, id="enterSecureState"),
        pytest.param(setup("exitSecureState"), 159, id="exitSecureState"),
        pytest.param(log_messages.authenticate_user, 176, id="authenticateUser"),
        pytest.param(log_messages.log_out, 163, id="logOut"),
        pytest.param(log_messages.unblock_user, 168, id="unblockUser"),
        pytest.param(
            lambda: log_messages.initialize(f"fiskaly sign cloud-TSE ({UUID})"),
            217,
            id="initialize",
        ),
    ],
)
def test_system_logs_have_the_length_of_real_ones(make: Make, length: int) -> None:
    log = signed(system_log(make(), serial=SERIAL, counter=8, time=TIME), bytes(64))
    assert len(log) == length


TRUE, FALSE = b"\xff", b"\x00"
AT = TIME.to_bytes(4, "big")


@pytest.mark.parametrize(
    ("make", "data"),
    [
        pytest.param(
            lambda: log_messages.update_time(127, 32_768),
            {1: b"\x7f", 2: b"\x00\x80\x00"},
            id="updateTime",
        ),
        pytest.param(lambda: log_messages.register_client("K 1"), {1: b"K 1"}, id="registerClient"),
        pytest.param(
            lambda: log_messages.deregister_client("K 1"), {1: b"K 1"}, id="deregisterClient"
        ),
        pytest.param(
            log_messages.authenticate_user,
            {1: b"tr-admin", 2: b"\x01", 3: TRUE},
            id="authenticateUser",
        ),
        pytest.param(log_messages.log_out, {1: b"tr-admin", 2: b"\x00"}, id="logOut"),
        pytest.param(log_messages.unblock_user, {1: b"tr-admin", 2: b"\x00"}, id="unblockUser"),
        pytest.param(lambda: log_messages.initialize("Theke 1"), {1: b"Theke 1"}, id="initialize"),
        pytest.param(
            lambda: log_messages.disable_secure_element(TIME), {1: AT}, id="disableSecureElement"
        ),
        pytest.param(setup("registerClient"), {1: b"setup"}, id="setup"),
        pytest.param(setup("startAudit"), {}, id="startAudit"),
        pytest.param(
            setup("selfTest"),
            {1: b"SMAERS", 2: FALSE, 3: b"ERROR_UNAUTHORIZED", 4: AT},
            id="selfTest",
        ),
        pytest.param(setup("enterSecureState"), {1: AT}, id="enterSecureState"),
        pytest.param(setup("exitSecureState"), {}, id="exitSecureState"),
    ],
)
def test_the_data_of_a_system_log_are_numbered_as_in_the_guideline(
    request: pytest.FixtureRequest, make: Make, data: dict[int, bytes]
) -> None:
    message = make()
    assert message.event == request.node.callspec.id.replace("setup", "registerClient")
    assert [(tag, value) for _, tag, value in taken_apart(message.data)] == [*data.items()]


def test_what_is_logged_is_configured_event_by_event() -> None:
    name, on, switches = taken_apart(setup("configureLogging")().data)
    assert (name[1:], on[1:]) == ((1, b"SMAERS-audit"), (2, TRUE))
    ((_, tag, listed),) = taken_apart(switches[2])
    assert (switches[1], tag) == (3, core.Sequence.tag)
    events = [[*taken_apart(switch)] for _, _, switch in taken_apart(listed)]
    assert {(number, flag) for _, (_, number, flag) in events} == {(1, TRUE)}
    names = [value.decode() for (_, number, value), _ in events if number == 0]
    assert len(set(names)) == len(events) == 16
    assert {message.event for message in log_messages.deployment(TIME)} <= {*names}


def test_openssl_reads_the_structure(tmp_path: Path) -> None:
    told = OpenSsl(tmp_path).structure(START)
    assert "cont [ 3 ]" in told
    assert told.count("OCTET STRING") == 2


LOGS: Mapping[str, Callable[[], bytes]] = {
    "transaction": lambda: log_messages.transaction_log(
        operation="Update",
        client_serial_number="KASSE 01",
        process_data="Bier à 3,50 €".encode(),
        process_type="Bestellung-V1",
        number=32_768,
        serial=SERIAL,
        counter=255,
        time=TIME,
    ),
    "system": lambda: system_log(
        setup("configureLogging")(), serial=SERIAL, counter=128, time=TIME
    ),
    "audit": lambda: log_messages.audit_log(
        b"\x80\x01\x00", serial=SERIAL, counter=32_768, time=TIME
    ),
}


@pytest.mark.parametrize("kind", LOGS)
def test_another_decoder_reads_every_kind_and_writes_the_same_bytes(kind: str) -> None:
    log = signed(LOGS[kind](), bytes(64))
    assert b"".join(elements(log)) == LOGS[kind]() + b"\x04\x40" + bytes(64)
    universal = [core.load(row, strict=True) for row in elements(log) if row[0] < 0x80]
    counters = {"transaction": 255, "system": 128, "audit": 32_768}
    numbers = [row.native for row in universal if isinstance(row, core.Integer)]
    assert numbers == [2, counters[kind], TIME]
    names = [row.native for row in universal if isinstance(row, core.ObjectIdentifier)]
    last = {"transaction": "1", "system": "2", "audit": "3"}[kind]
    assert names == [f"0.4.0.127.0.7.3.7.1.{last}"]


def test_an_audit_log_has_its_data_after_the_algorithm() -> None:
    audit = elements(signed(LOGS["audit"](), bytes(64)))
    assert [row[0] for row in audit] == [0x02, 0x06, 0x04, 0x30, 0x04, 0x02, 0x02, 0x04]
    assert audit[4] == bytes.fromhex("0403800100")


@pytest.mark.parametrize("kind", LOGS)
def test_openssl_accepts_what_our_keys_sign(kind: str, tmp_path: Path) -> None:
    keys = SeededSigningKeys("1")
    certificate = b64decode(keys.of(UUID, created=TIME).certificate)
    log = signed(LOGS[kind](), keys.signer(UUID)(LOGS[kind]()))
    openssl = OpenSsl(tmp_path)
    assert openssl.accepts_log(log, certificate)
    assert not openssl.accepts_log(log.replace(b"\x02\x04\x69", b"\x02\x04\x68"), certificate)


def elements(log: bytes) -> list[bytes]:
    """Return the elements of a log message, taken apart by another library."""
    rest: bytes = core.Sequence.load(log, strict=True).contents
    found = []
    while rest:
        size = parser.peek(rest)
        found.append(rest[:size])
        rest = rest[size:]
    return found


def test_every_signature_is_64_bytes_however_short_its_numbers_are() -> None:
    keys = SeededSigningKeys("1")
    point, sign = b64decode(keys.of(UUID, created=0).public_key), keys.signer(UUID)
    signatures = {message: sign(message) for message in (b"%d" % at for at in range(600))}
    assert {len(one) for one in signatures.values()} == {64}
    assert all(verifies(point, message, one) for message, one in signatures.items())
    halves = [half for one in signatures.values() for half in (one[:32], one[32:])]
    assert min(halves)[0] == 0
    assert max(halves)[0] > 0x7F
