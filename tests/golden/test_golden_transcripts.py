"""Every transcript, step by step; `GOLDEN_UPDATE=1` writes the answers down anew.

Read the difference before you commit it: what changes here changes for every client.
"""

import os
import re
from pathlib import Path

import pytest
from golden.runner import running
from golden.transcript import KINDS, Transcript, parse

FILES = sorted((Path(__file__).parent / "transcripts").glob("*.http"))


def read(file: Path) -> Transcript:
    return parse(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_server_answers_as_written_down(file: Path) -> None:
    transcript = read(file)
    with running(transcript) as runner:
        if os.environ.get("GOLDEN_UPDATE") == "1":
            steps = tuple(runner.update(step) for step in transcript.steps)
            written = str(Transcript(transcript.comments, steps))
            file.write_text(written, encoding="utf-8")
        else:
            for step in transcript.steps:
                runner.check(step)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_transcript_is_laid_out_as_an_update_would_write_it(file: Path) -> None:
    assert str(read(file)) == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_credential_stands_in_a_transcript(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    for kind in ("key", "secret"):
        assert re.search(rf"(?<![0-9A-Za-z_+/]){KINDS[kind]}(?![0-9A-Za-z_+/=])", text) is None
    assert re.search(r"eyJ[0-9A-Za-z_-]{10}", text) is None


def test_ids_and_keys_are_the_same_in_every_run() -> None:
    (file,) = [file for file in FILES if file.stem == "onboarding-white-label"]
    runs = []
    for _ in range(2):
        transcript = read(file)
        with running(transcript) as runner:
            for step in transcript.steps:
                runner.check(step)
            tokens = re.compile(KINDS["jwt"])
            bound = runner.names.values.items()
            runs.append({name: value for name, value in bound if not tokens.fullmatch(value)})
    assert runs[0] == runs[1]
    assert runs[0].keys() >= {"partner", "partner.key", "partner.secret", "diner.key_id"}


def test_there_is_a_transcript_of_each_recorded_exchange_and_each_structure() -> None:
    assert {file.stem for file in FILES} >= {
        "recorded-authentication",
        "recorded-organizations",
        "recorded-api-keys",
        "recorded-unauthorized",
        "recorded-sign-de",
        "onboarding-individual-customers",
        "onboarding-enterprise",
        "onboarding-white-label",
    }
