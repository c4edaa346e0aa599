"""Export archives and the logs in them, taken apart by code that shares nothing with the server."""

from collections.abc import Iterator
from typing import NamedTuple

from asn1crypto import core, parser  # type: ignore[import-untyped]

BLOCK = 512
KINDS = {
    "0.4.0.127.0.7.3.7.1.1": "Tra",
    "0.4.0.127.0.7.3.7.1.2": "Sys",
    "0.4.0.127.0.7.3.7.1.3": "Aud",
}
ECDSA_PLAIN_SHA256 = "0.4.0.127.0.7.1.1.4.1.3"
CONTEXT, UNIVERSAL = 2, 0


class Log(NamedTuple):
    """What a log message says of itself."""

    kind: str
    operation: str
    client: str
    number: int
    process_type: str
    process_data: bytes
    serial: bytes
    counter: int
    time: int

    @property
    def name(self) -> str:
        """The file name that the guideline gives it."""
        start = f"Unixt_{self.time}_Sig-{self.counter}_Log-{self.kind}"
        if self.kind == "Sys":
            return f"{start}_{self.operation}.log"
        operation = self.operation.removesuffix("Transaction")
        return f"{start}_No-{self.number}_{operation}_Client-{self.client.replace('/', '_')}.log"


def elements(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield class, tag and content of values in DER, each of the shortest form."""
    while data:
        class_, method, tag, header, content, trailer = parser.parse(data)
        assert parser.emit(class_, method, tag, content) == header + content
        assert trailer == b""
        yield class_, tag, content
        data = data[len(header) + len(content) :]


def read_log(data: bytes) -> Log:
    """Read a log message of version 2, and demand that nothing else stands in it."""
    [(_, sequence, content)] = elements(data)
    assert sequence == core.Sequence.tag
    parts = [*elements(content)]
    (_, _, version), (_, _, oid), *certified = parts[:-5]
    (_, _, serial), (_, _, algorithm), (_, _, counter), (_, _, time), (_, _, signature) = parts[-5:]
    assert [(one, tag) for one, tag, _ in parts if one == UNIVERSAL] == [
        (UNIVERSAL, tag) for tag in (2, 6, 4, 16, 2, 2, 4)
    ]
    assert (version, len(serial), len(signature)) == (b"\x02", 32, 64)
    [(_, _, named)] = elements(algorithm)
    assert core.ObjectIdentifier(contents=named).native == ECDSA_PLAIN_SHA256
    kind = KINDS[core.ObjectIdentifier(contents=oid).native]
    told = {tag: value for one, tag, value in certified if one == CONTEXT}
    assert [*told] == ([0, 1, 2, 3, 5] if kind == "Tra" else [0, 1])
    is_tra = kind == "Tra"
    return Log(
        kind=kind,
        operation=told[0].decode("ascii"),
        client=told[1].decode("ascii") if is_tra else "",
        number=_integer(told[5]) if is_tra else 0,
        process_type=told[3].decode("ascii") if is_tra else "",
        process_data=told[2] if is_tra else told[1],
        serial=serial,
        counter=_integer(counter),
        time=_integer(time),
    )


def _integer(content: bytes) -> int:
    assert content[:1] != b"\0" or len(content) == 1 or content[1] > 127
    return int.from_bytes(content, "big", signed=True)


def read_tar(data: bytes, *, time: int) -> Iterator[tuple[str, bytes]]:
    """Yield the names and bytes of an archive, each header field as in real exports."""
    assert data[-2 * BLOCK :] == bytes(2 * BLOCK)
    at, longer = 0, ""
    while data[at]:
        header = data[at : at + BLOCK]
        name, owner, size, mtime, checksum, kind, link, magic, people, device, prefix = (
            header[start:end]
            for start, end in (
                *((0, 100), (100, 124), (124, 136), (136, 148), (148, 156), (156, 157)),
                *((157, 257), (257, 265), (265, 329), (329, 345), (345, 512)),
            )
        )
        assert owner == b"000644 \x00000000 \x00000000 \x00"
        assert (size[11:], mtime) == (b" ", b"%011o " % time)
        counted = sum(header) - sum(checksum) + 8 * ord(" ")
        assert checksum == b"%06o \x00" % counted
        assert (magic, device) == (b"ustar\x0000", b"000000 \x00000000 \x00")
        assert not any(link + people + prefix)
        length = int(size[:11], 8)
        body = data[at + BLOCK : at + BLOCK + length]
        blocks = -(-length // BLOCK)
        assert not any(data[at + BLOCK + length : at + BLOCK + blocks * BLOCK])
        at += BLOCK + blocks * BLOCK
        told = name.rstrip(b"\0").decode()
        if kind == b"x":
            assert told == "PaxHeader"
            size_of_record, _, record = body.decode().partition(" ")
            assert int(size_of_record) == length
            longer = record.removeprefix("path=").removesuffix("\n")
            assert len(longer.encode()) > 100
            continue
        assert kind == b"0"
        assert (told == "PaxHeader") == bool(longer)
        yield longer or told, body
        longer = ""
    assert at == len(data) - 2 * BLOCK
