"""The variables that tell a program where the fake is, and as whom to call it."""

from collections.abc import Iterator

from fiskaly_mockserver.control.shapes import Tree

BASE_URL = "FISKALY_BASE_URL"
API_KEY = "FISKALY_API_KEY"
API_SECRET = "FISKALY_API_SECRET"  # noqa: S105 - a variable's name
ORGANIZATION_ID = "FISKALY_ORGANIZATION_ID"
MOCK_URL = "FISKALY_MOCK_URL"
CONTROL_URL = "FISKALY_MOCK_CONTROL_URL"
SANDBOX = "FISKALY_MOCK_SANDBOX"
CONTROL_TOKEN = "FISKALY_MOCK_CONTROL_TOKEN"  # noqa: S105 - a variable's name

NAMES = (
    BASE_URL,
    API_KEY,
    API_SECRET,
    ORGANIZATION_ID,
    MOCK_URL,
    CONTROL_URL,
    SANDBOX,
    CONTROL_TOKEN,
)
"""All there are: those of another server are none of this one."""


def address_variables(
    base_url: str, control_url: str, *, sandbox: str | None = None, token: str | None = None
) -> dict[str, str]:
    """Return where a server is, in the words of each variable."""
    origin = control_url.rpartition("/")[0]
    found = {BASE_URL: base_url, MOCK_URL: origin, CONTROL_URL: control_url}
    if sandbox is not None:
        found[SANDBOX] = sandbox
    if token is not None:
        found[CONTROL_TOKEN] = token
    return found


def key_variables(tree: Tree) -> dict[str, str]:
    """Return the first enabled key of a tree; nothing if there is none."""
    return next(_keys(tree), {})


def _keys(tree: Tree) -> Iterator[dict[str, str]]:
    for organization in tree["organizations"]:
        for key in organization["api_keys"]:
            yield {
                API_KEY: key["key"],
                API_SECRET: key["secret"],
                ORGANIZATION_ID: organization["id"],
            }
