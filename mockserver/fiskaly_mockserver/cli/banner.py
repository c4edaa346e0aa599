"""What `serve` prints when the port is open: a screen for people, or a line for programs."""

import json
import os
from collections.abc import Iterator

from fiskaly_mockserver.server.listening import Listening
from fiskaly_mockserver.version import VERSION
from fiskaly_mockserver.world.rows import Baseline
from fiskaly_mockserver.world.seeded import OrganizationCredentials, Seeded

SCHEMA = 1
"""The version of the JSON line; it grows when a field changes its meaning."""
TOPS_SHOWN = 3
"""Top organizations whose keys the banner shows, so that it stays one screen."""


def banner(baseline: Baseline, listening: Listening, contract: str, *, control: bool = True) -> str:
    """Return the screen that tells a developer what to paste where.

    `control` is whether control calls are served.
    """
    name = f"fiskaly-mockserver {VERSION}"
    return "\n".join(
        [
            f"{name} · contract {contract} · unofficial, for testing only",
            "",
            f"  Base URL    {listening.base_url}",
            *_tops(baseline),
            "",
            f"  Tree        {_tree_line(baseline)}",
            f"  Control     {listening.control_url if control else 'switched off'}",
            "",
            "Ctrl+C stops the server.",
        ]
    )


def json_line(baseline: Baseline, listening: Listening, contract: str) -> str:
    """Return one line of JSON with the address, every enabled key and every user.

    `{"schema": 1, "base_url", "control_url", "pid", "preset", "seed", "contract",
    "organizations": [{"id", "type", "name", "envs", "managed_by_organization_id",
    "api_keys": [{"env", "key", "secret"}]}], "users": [{"id", "email", "password",
    "organization_ids"}]}`
    """
    return json.dumps(
        {
            "schema": SCHEMA,
            "base_url": listening.base_url,
            "control_url": listening.control_url,
            "pid": os.getpid(),
            "preset": baseline.preset,
            "seed": baseline.seed,
            "contract": contract,
            **Seeded(baseline).as_json(),
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _tops(baseline: Baseline) -> Iterator[str]:
    tops = list(Seeded(baseline).tops())
    for top in tops[:TOPS_SHOWN]:
        yield ""
        yield f"  {top.name}"
        yield from _key_lines(top)
    if len(tops) > TOPS_SHOWN:
        yield f"  … and {len(tops) - TOPS_SHOWN} more: `--json` prints all keys"
    if not tops:
        yield ""
        yield "  No organizations: this preset is empty."


def _key_lines(top: OrganizationCredentials) -> Iterator[str]:
    yield f"    ID        {top.id}"
    if not top.api_keys:
        yield "    (no enabled API key)"
        return
    first = top.api_keys[0]
    yield f"    API key   {first.key}"
    yield f"    Secret    {first.secret}"


def _tree_line(baseline: Baseline) -> str:
    quantity = len(baseline.organizations.rows)
    noun = "organization" if quantity == 1 else "organizations"
    return f"preset {baseline.preset}, seed {baseline.seed}: {quantity} {noun}"
