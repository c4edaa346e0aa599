"""Secrets in texts: how far each is looked for, and what stands for it."""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote

import pytest
from fiskaly_contracts.recordings import secrets as module
from fiskaly_contracts.recordings.secrets import Secrets


def test_a_short_secret_is_replaced_as_a_word_only() -> None:
    secrets = Secrets()
    pin = secrets.add("12345")
    assert secrets.clean("pin 12345 at 1234567890") == f"pin {pin} at 1234567890"


@pytest.mark.parametrize(
    ("secret", "inside"),
    [
        ("abc", "none"),  # too short to be looked for
        ("abcd", "words"),
        ("ab-cdef", "words"),
        ("ab-cdefg", "everywhere"),
        ("1234567890", "words"),
        ("a longer password", "everywhere"),
    ],
)
def test_how_far_a_secret_is_looked_for_follows_from_its_length(secret: str, inside: str) -> None:
    secrets = Secrets()
    stands = secrets.add(secret)
    word, part = f"x {secret} y", f"x{secret}y"
    assert secrets.clean(word) == (word if inside == "none" else f"x {stands} y")
    assert secrets.clean(part) == (f"x{stands}y" if inside == "everywhere" else part)
    assert secrets.left_in(word) is (inside != "none")
    assert secrets.left_in(part) is (inside == "everywhere")
    assert not secrets.left_in(secrets.clean(word))


@pytest.mark.parametrize("secret", ["pass:wor", "pass:word of more"])
def test_a_text_in_base64_that_holds_a_secret_otherwise_written_is_replaced(secret: str) -> None:
    secrets = Secrets()
    secrets.add(secret)
    coded = b64encode(f"user={quote(secret)}&more".encode()).decode()
    assert coded not in secrets.clean(f"a {coded} b")
    assert [*secrets] == [secret, coded]
    other = b64encode(b"user=pass&more of this text").decode()
    assert secrets.clean(other) == other


@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
@pytest.mark.parametrize("before", ["", "x", "xy", "xyz"])
@pytest.mark.parametrize("secret", ["~~~???>>>", "~~~???>>>>", "~~~???>>>>>"])
def test_all_that_base64_shows_of_a_secret_is_replaced(
    encode: Callable[[bytes], bytes], before: str, secret: str
) -> None:
    secrets = Secrets()
    stands = secrets.add(secret)
    coded = encode(f"{before}{secret}\0\0\0\0".encode()).decode()
    bits = range(8 * len(before), 8 * len(before + secret) - 5)
    shown = [at for at in range(len(coded)) if 6 * at in bits]
    assert secrets.clean(coded) == coded[: shown[0]] + stands + coded[shown[-1] + 1 :]


@pytest.mark.parametrize(
    ("secret", "begin"),
    [
        ("x" * 15, "redacted-"),
        ("x" * 16, "REDACTED"),
        ("x" * 40, "REDACTED"),
        ("x" * 15 + "-", "redacted-"),
        ("ü" * 16, "redacted-"),
        ("a.b.c", "redacted.token."),
        ("a.b. c", "redacted-"),
        ("a.b", "redacted-"),
        ("a.b.c.d", "redacted-"),
    ],
)
def test_a_placeholder_has_the_form_and_length_of_its_secret(secret: str, begin: str) -> None:
    secrets = Secrets()
    stands = secrets.add(secret)
    assert stands.startswith(begin)
    assert len(stands) == max(len(secret), len(begin) + 1)
    assert secrets.add(stands) == stands
    assert secrets.add(secret) == stands
    assert secrets.add("another secret") != stands


@pytest.mark.parametrize("few", [0, 10_000])
def test_many_secrets_are_found_as_few_are(monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    monkeypatch.setattr(module, "_FEW", few)
    known = Secrets()
    words = [
        "pin-1",
        "overlapping",
        "overlapping too",
        "lapping too!",
        "a secret \u00fc",
        "12345678",
    ]
    stands = {word: known.add(word) for word in words}
    assert known.clean("xoverlapping tooxpin-1 pin-1") == (
        f"x{stands['overlapping too']}xpin-1 {stands['pin-1']}"
    )
    assert known.clean("lapping too!") == stands["lapping too!"]
    assert known.clean(quote("a secret \u00fc")) == stands["a secret \u00fc"]
    assert known.clean("123456789 12345678") == f"123456789 {stands['12345678']}"
    assert not known.left_in("123456789 xpin-1 overlappin")
    assert known.left_in("and overlapping")
    coded = b64encode(b"user: overlapping?").decode()
    assert coded not in known.clean(coded)
