"""DER as log messages and certificates need it: definite lengths, minimal, written only."""

from collections.abc import Iterable

INTEGER, OCTET_STRING, OID, SEQUENCE, SET = 0x02, 0x04, 0x06, 0x30, 0x31
_LONG_FORM = 0x80
BOOLEAN_TRUE, BOOLEAN_FALSE = b"\xff", b"\x00"


def tlv(tag: int, content: bytes) -> bytes:
    """Return one element: tag, length, content.

    >>> tlv(0x04, b"ab").hex()
    '04026162'
    """
    size = len(content)
    if size < _LONG_FORM:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, _LONG_FORM | len(length))) + length + content


def context(number: int, content: bytes, *, constructed: bool = False) -> bytes:
    """Return a context-specific element `[number]`, implicit."""
    return tlv((0xA0 if constructed else 0x80) + number, content)


def integer_content(value: int) -> bytes:
    """Return the fewest bytes of a signed integer, in two's complement.

    >>> [integer_content(value).hex() for value in (0, 127, 128, -1, -128, -129)]
    ['00', '7f', '0080', 'ff', '80', 'ff7f']
    """
    bits = (value if value >= 0 else ~value).bit_length()
    return value.to_bytes(bits // 8 + 1, "big", signed=True)


def integer(value: int) -> bytes:
    """Return an INTEGER."""
    return tlv(INTEGER, integer_content(value))


def sequence(*elements: bytes) -> bytes:
    """Return a SEQUENCE of finished elements."""
    return tlv(SEQUENCE, b"".join(elements))


def oid(dotted: str) -> bytes:
    """Return an OBJECT IDENTIFIER.

    >>> oid("0.4.0.127.0.7.3.7.1.1").hex()
    '060904007f000703070101'
    """
    first, second, *rest = (int(part) for part in dotted.split("."))
    return tlv(OID, b"".join(_base_128((40 * first + second, *rest))))


def _base_128(numbers: Iterable[int]) -> Iterable[bytes]:
    for number in numbers:
        septets = [number & 0x7F]
        while number := number >> 7:
            septets.append(0x80 | number & 0x7F)
        yield bytes(reversed(septets))
