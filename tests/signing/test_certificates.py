"""The certificates of TSS: real chains, checked by OpenSSL, and of the recorded form."""

from base64 import b64decode
from hashlib import sha256
from pathlib import Path

import pytest
from asn1crypto import x509  # type: ignore[import-untyped]
from builders.openssl import OpenSsl
from fiskaly_mockserver.world.signing import SeededSigningKeys

TSS = "6f1cbb9a-2f2a-4d5e-9a46-1f6a4b1f0001"
CREATED = 1767225600


@pytest.fixture
def keys() -> SeededSigningKeys:
    return SeededSigningKeys("1")


@pytest.mark.parametrize("created", [0, 951_782_400, CREATED, 4_000_000_000, 253_402_214_400])
def test_openssl_accepts_the_chain_at_any_time(
    keys: SeededSigningKeys, tmp_path: Path, created: int
) -> None:
    leaf = b64decode(keys.of(TSS, created=created).certificate)
    authority = keys.certificate_authority().certificate
    assert OpenSsl(tmp_path).verify(leaf, authority, at=created) == "leaf.pem: OK"


def test_openssl_accepts_no_other_authority(keys: SeededSigningKeys, tmp_path: Path) -> None:
    leaf = b64decode(keys.of(TSS, created=CREATED).certificate)
    other = SeededSigningKeys("2").certificate_authority().certificate
    assert "error" in OpenSsl(tmp_path).verify(leaf, other, at=CREATED)


def test_an_authority_is_named_by_the_hash_of_its_key(keys: SeededSigningKeys) -> None:
    authority = keys.certificate_authority()
    point = x509.Certificate.load(authority.certificate).public_key["public_key"].native
    assert (len(point), point[0]) == (97, 4)
    assert authority.serial_number == sha256(point).hexdigest()


def test_the_leaf_has_the_form_of_a_test_one(keys: SeededSigningKeys) -> None:
    identity = keys.of(TSS, created=CREATED)
    leaf = x509.Certificate.load(b64decode(identity.certificate))
    point = b64decode(identity.public_key)
    assert (len(point), point[0]) == (65, 4)
    assert identity.serial_number == sha256(point).hexdigest()
    assert f"{leaf.serial_number:064x}" == identity.serial_number
    assert leaf.public_key["public_key"].native == point
    assert leaf.signature_algo == "ecdsa"
    assert leaf.hash_algo == "sha384"
    lasts = leaf.not_valid_after - leaf.not_valid_before
    assert lasts.days == 365
    assert leaf.not_valid_before.timestamp() == CREATED - 19 * 86_400
    assert leaf.key_usage_value.native == {"digital_signature"}
    assert leaf.basic_constraints_value.native == {"ca": False, "path_len_constraint": None}
    issued_by = x509.Certificate.load(keys.certificate_authority().certificate)
    assert leaf.issuer == issued_by.subject
    assert leaf.authority_key_identifier == issued_by.key_identifier
    assert leaf.critical_extensions == {"key_usage", "basic_constraints"}
    assert leaf["tbs_certificate"]["version"].native == "v3"
    assert "not fiskaly" in leaf.subject.human_friendly
    assert "no certified TSE" in leaf.subject.human_friendly


def test_the_authority_signs_certificates_and_nothing_else(keys: SeededSigningKeys) -> None:
    authority = x509.Certificate.load(keys.certificate_authority().certificate)
    assert authority.key_usage_value.native == {"key_cert_sign"}
    assert authority.basic_constraints_value.native == {"ca": True, "path_len_constraint": None}
    assert authority.critical_extensions == {"key_usage", "basic_constraints"}
    assert authority["tbs_certificate"]["version"].native == "v3"
    assert authority.serial_number == 42
    assert authority.issuer == authority.subject
    assert (authority.not_valid_before.year, authority.not_valid_after.year) == (1970, 9999)


def test_keys_follow_from_seed_and_id(keys: SeededSigningKeys) -> None:
    again = SeededSigningKeys("1")
    assert again.of(TSS, created=CREATED) == keys.of(TSS, created=CREATED)
    assert again.signer(TSS)(b"x") == keys.signer(TSS)(b"x")
    other = TSS.replace("1", "2")
    assert keys.of(other, created=CREATED).public_key != keys.of(TSS, created=CREATED).public_key
    assert SeededSigningKeys("2").signer(TSS)(b"x") != keys.signer(TSS)(b"x")


@pytest.mark.parametrize(
    ("begin", "form"),
    [
        (-1, "utc_time"),  # no earlier than the authority itself
        (0, "utc_time"),
        (2_524_607_999, "utc_time"),  # the last second of 2049
        (2_524_608_000, "general_time"),
        (253_402_300_799, "general_time"),
    ],
)
def test_times_have_the_form_that_x509_wants_for_their_year(
    keys: SeededSigningKeys, begin: int, form: str
) -> None:
    leaf = x509.Certificate.load(b64decode(keys.of(TSS, created=begin + 19 * 86_400).certificate))
    written = leaf["tbs_certificate"]["validity"]["not_before"]
    assert written.name == form
    assert written.native.timestamp() == max(begin, 0)
