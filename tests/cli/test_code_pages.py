"""What the command prints where the console knows few characters."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from cli.callers import call, token_of
from fiskaly_fixtures import dump_tree, generate
from fiskaly_mockserver import MockServer, ServerConfig
from fiskaly_mockserver.cli import main
from fiskaly_mockserver.cli.request_log import LineWriter

GREEK = "Καφενείο"
Printed = Callable[..., bytes]


@pytest.fixture(scope="module")
def greek_server() -> Iterator[MockServer]:
    tree = generate("single")
    [organization] = tree.organizations
    tree = replace(tree, organizations=(replace(organization, name=GREEK),))
    with MockServer(ServerConfig(port=0), tree=tree) as server:
        yield server


@pytest.fixture(params=["cp1252", "cp1251", "ascii"])
def printed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Printed:
    """Run the command with a console of that code page."""

    def run(*words: str) -> bytes:
        out = io.BytesIO()
        for name, buffer in (("stdout", out), ("stderr", io.BytesIO())):
            stream = io.TextIOWrapper(buffer, encoding=request.param, write_through=True)
            monkeypatch.setattr(sys, name, stream)
        monkeypatch.setattr(sys, "argv", ["fiskaly-mockserver", *words])
        with pytest.raises(SystemExit) as left:
            main()
        assert left.value.code == 0
        return out.getvalue()

    return run


def test_text_for_people_is_printed(printed: Printed, greek_server: MockServer) -> None:
    assert b"a seeded key gets a token" in printed("doctor", "--url", greek_server.base_url)


def test_json_is_ascii(printed: Printed, greek_server: MockServer) -> None:
    key, url = greek_server.credentials, greek_server.base_url
    call(f"{url}/organizations", {"name": GREEK}, token=token_of(url, key.key, key.secret))
    listed = printed("journal", "--url", url, "--status", "400", "--json")
    assert listed.isascii()
    assert json.loads(listed)["exchanges"][-1]["request"]["body"] == {"name": GREEK}
    for words in (["doctor", "--json"], ["journal", "--har"]):
        found = printed(*words, "--url", url)
        assert found.isascii()
        assert json.loads(found)


def test_a_tree_is_utf_8(printed: Printed) -> None:
    assert printed("tree", "--preset", "kitchen-sink").decode() == (
        dump_tree(generate("kitchen-sink"))
    )


@pytest.mark.parametrize("encoding", ["cp1252", "cp1251", "ascii"])
def test_lines_of_serve_are_written(
    tmp_path_factory: pytest.TempPathFactory, encoding: str
) -> None:
    path = tmp_path_factory.mktemp("lines") / "stdout"
    with path.open("w", encoding=encoding) as stream:
        writer = LineWriter(stream)
        writer.write(f"a {GREEK} z")
        writer.close()
    assert path.read_bytes() == b"a " + GREEK.encode("ascii", "backslashreplace") + b" z\n"
