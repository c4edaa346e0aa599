"""QR codes: read back, and what is wrong with those that are none."""

import pytest
from fiskaly_mockserver.domain.signing.qr_code import BadQrCode, read_qr_code
from fiskaly_mockserver.world.signing import verifies

KEY = "BCdCaCHJcobW6m3X4UxH8KHYaMciMgwmKqh/iPXXtV63FiHruqWf0e0pjEzrfE69RR8g1xqnCy8Fdyyx8ib5/6M="
SIGNATURE = (
    "9wYFyxfEliFsUEmhb48gM6GnrOoFaVKFqso7cdgDKE88/+3dVCt5uPAHouTvyJXWpAvAySZjxp/AomhNaGswtA=="
)
TEXT = (
    "V0;KASSE-01;Kassenbeleg-V1;Beleg^11.90_10.70_0.00_0.00_0.00^22.60:Bar;1;27;"
    f"2026-01-01T00:00:00.000Z;2026-01-01T00:00:05.000Z;ecdsa-plain-SHA256;unixTime;{SIGNATURE};{KEY}"
)
SIGNED = (
    "020102060904007f000703070101801146696e6973685472616e73616374696f6e81084b415353452d3031822a"
    "42656c65675e31312e39305f31302e37305f302e30305f302e30305f302e30305e32322e36303a426172830e4b"
    "617373656e62656c65672d56318501010420b8abbaeaba1fe224a27cb8be5f2daece18b4a6fac4286980223bf8"
    "70dcd7ecd4300c060a04007f0007010104010302011b02046955b905"
)


def test_a_code_is_read_and_its_signature_verifies() -> None:
    code = read_qr_code(TEXT)
    assert code.client_serial_number == "KASSE-01"
    assert code.process_data == "Beleg^11.90_10.70_0.00_0.00_0.00^22.60:Bar"
    assert (code.number, code.counter) == (1, 27)
    assert (code.time_start, code.time) == (1767225600, 1767225605)
    assert code.signed_bytes.hex() == SIGNED
    assert verifies(code.public_key, code.signed_bytes, code.signature)


def test_semicolons_in_an_order_are_no_fields() -> None:
    order = '2;"Pils";3.50'
    code = read_qr_code(TEXT.replace("Beleg^11.90_10.70_0.00_0.00_0.00^22.60:Bar", order))
    assert code.process_data == order


def test_another_client_verifies_no_longer() -> None:
    code = read_qr_code(TEXT.replace("KASSE-01", "KASSE-02"))
    assert not verifies(code.public_key, code.signed_bytes, code.signature)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("V0;", "V1;", "version should be V0, not V1"),
        ("V0;", "U0;", "version should be V0, not U0"),
        (";27;", ";x;", "signature counter should be a number, not 'x'"),
        (";1;27", ";-1;27", "transaction number should be a number"),
        ("SHA256", "SHA384", "algorithm should be ecdsa-plain-SHA256"),
        ("SHA256", "SHA1", "algorithm should be ecdsa-plain-SHA256"),
        ("unixTime", "utcTime", "time format should be unixTime"),
        ("unixTime", "generalizedTime", "time format should be unixTime"),
        ("00:05.000Z", "yesterday", "log time should be a time such as"),
        (";27;", f";{'9' * 5000};", "signature counter should have at most 19 digits, not 5000"),
        ("2026-01-01T00:00:05.000Z", "0001-01-01T00:00:00Z", "log time should not be before 1970"),
        ("Kassenbeleg", "\udcff", "a code should be text in UTF-8"),
        ("9wYF", "9w!YF", "signature should be base64"),
        (KEY, KEY[:40], "public key should be 65 bytes in base64, not 30"),
        ("V0;KASSE-01;", "", "12 fields with semicolons between, this one has 10"),
    ],
)
def test_what_is_wrong_is_told_by_field(old: str, new: str, told: str) -> None:
    with pytest.raises(BadQrCode, match=told):
        read_qr_code(TEXT.replace(old, new, 1))
