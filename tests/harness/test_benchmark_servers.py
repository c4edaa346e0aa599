"""The servers that are measured beside ours still serve: they are made of its parts."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fiskaly_mockserver.web import endpoint
from fiskaly_mockserver.web.service import RowCache

from benchmarks.asking import ask
from benchmarks.candidates import Bare, Candidate, CoreBoth, Ours, Place, Unchecked
from benchmarks.lineup import place_for, standing
from benchmarks.mix import Kind

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Where the contract and the answers of our server are: it has answered the mix."""
    folder = tmp_path_factory.mktemp("place")
    with place_for(folder, folder / "no-peers") as made:
        yield made


@pytest.mark.parametrize(
    ("candidate", "refuses"), [(Unchecked, False), (Bare, False), (CoreBoth, True)]
)
def test_a_server_beside_ours_answers_the_mix(
    place: Place, candidate: type[Candidate], *, refuses: bool
) -> None:
    with standing(candidate(), place) as one:
        one.reset()
        assert one.checks().startswith("yes") == refuses


def test_without_checks_the_wire_is_the_same(place: Place) -> None:
    with standing(Ours(), place) as ours, standing(Unchecked(), place) as unchecked:
        for kind in (Kind.RETRIEVE, Kind.LIST):
            theirs = [ask(one.port, one.requests[kind][0]) for one in (ours, unchecked)]
            if kind is Kind.RETRIEVE:
                assert theirs[0] == theirs[1]
            assert theirs[0].headers.keys() == theirs[1].headers.keys()


def test_what_the_forgetful_server_forgets_has_these_names() -> None:
    # They are set in the text of a command, where no type checker looks.
    assert endpoint.MOST_TARGETS > 0
    assert (RowCache.__init__.__kwdefaults__ or {})["room"] > 0
