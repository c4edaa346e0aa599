"""Ids and secrets: their form, and repeatable ones from a seed."""

import random
import re
from uuid import RFC_4122, UUID

import pytest
from fiskaly_mockserver.domain.backend import IdSource, SecretSource
from fiskaly_mockserver.world.seams import SeededSource, SystemIds, SystemSecrets


def drawn(source: SeededSource) -> list[str]:
    return [part for _ in range(5) for part in (source.uuid(), source.key_part(), source.secret())]


@pytest.mark.parametrize("ids", [SystemIds(), SeededSource("x")], ids=["system", "seeded"])
def test_an_id_is_a_lower_case_uuid_of_version_4(ids: IdSource) -> None:
    made = [ids.uuid() for _ in range(50)]
    for text in made:
        parsed = UUID(text)
        assert (str(parsed), parsed.version, parsed.variant) == (text, 4, RFC_4122)
    assert len(set(made)) == 50


@pytest.mark.parametrize("source", [SystemSecrets(), SeededSource("x")], ids=["system", "seeded"])
def test_key_parts_and_secrets_have_their_length_and_alphabet(source: SecretSource) -> None:
    for _ in range(50):
        assert re.fullmatch(r"[0-9a-z]{25}", source.key_part())
        assert re.fullmatch(r"[0-9A-Za-z]{42,43}", source.secret())
    assert len({source.secret() for _ in range(50)}) == 50


def test_the_same_seed_gives_the_same_ids_and_secrets() -> None:
    assert drawn(SeededSource("tests/test_a.py::test_b")) == drawn(
        SeededSource("tests/test_a.py::test_b")
    )


def test_another_seed_gives_others() -> None:
    assert set(drawn(SeededSource("a"))).isdisjoint(drawn(SeededSource("b")))


def test_a_seed_gives_the_same_in_every_version_of_this_package() -> None:
    assert SeededSource("pinned").uuid() == PINNED


def test_a_seeded_source_leaves_the_randomness_of_others_alone() -> None:
    source, other = SeededSource("a"), SeededSource("a")
    source.uuid()
    SeededSource("b").uuid()
    other.uuid()
    assert source.secret() == other.secret()


def test_what_others_do_to_their_randomness_does_not_reach_ids_and_secrets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def made() -> list[str]:
        random.seed(1)
        secrets_source, seeded = SystemSecrets(), SeededSource("a")
        return [SystemIds().uuid(), secrets_source.secret(), seeded.uuid(), seeded.secret()]

    for name in ("uuid.uuid4", "uuid.UUID", "secrets.token_bytes", "os.urandom"):
        monkeypatch.setattr(name, lambda *_, **__: b"0" * 16)
    first, second = made(), made()
    assert set(first[:2]).isdisjoint(second[:2])
    assert first[2:] == second[2:]


PINNED = "7e2d8885-3d42-401e-82d3-75cc41b18029"


def test_about_one_secret_in_sixteen_is_a_character_shorter() -> None:
    source = SeededSource("lengths")
    lengths = [len(source.secret()) for _ in range(3_200)]
    assert set(lengths) == {42, 43}
    assert 140 <= lengths.count(42) <= 270
