"""Redocly's diff as a second opinion on every labeled mutation; where it differs stands why."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from diff.mutations_of_answers import MUTATIONS
from diff.test_diff import DOCUMENTS, mutated

REDOCLY = shutil.which("redocly")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        REDOCLY is None, reason="no redocly on the path: npm install --global @redocly/cli@2"
    ),
]
DIFFERS = {
    "operation guarded": "it does not look at security: a call without a token is 401 now",
    "default changed": "it takes a default for prose: a call without the parameter means another",
    "property gone from an open body": "what is sent has no effect any more",
    "header may be missing": "it does not look at whether a header is required",
    "required property new, with a default": "whoever leaves it out gets the default",
    "refusal gone": "nobody is hurt by a refusal that does not come",
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_it_is_of_the_same_opinion(name: str, tmp_path: Path) -> None:
    mutation = MUTATIONS[name]
    assert mutation.sign_de in DOCUMENTS
    files = []
    for part, document in zip(("old", "new"), mutated(mutation), strict=True):
        files.append(tmp_path / f"{part}.json")
        files[-1].write_text(json.dumps(document))
    done = subprocess.run(
        [str(REDOCLY), "diff", *map(str, files), "--format", "json"],
        env={**os.environ, "REDOCLY_TELEMETRY": "off"},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    breaking = json.loads(done.stdout).get("bump") == "major"
    assert (breaking is mutation.breaking) is (name not in DIFFERS)


def test_every_difference_is_one_of_a_mutation() -> None:
    assert DIFFERS.keys() <= MUTATIONS.keys()
