"""What every way to reach a world has in common."""

from collections.abc import Mapping
from typing import Protocol

from fiskaly_fixtures import OrganizationTree
from fiskaly_mockserver.domain.account.organizations import Profile

from benchmarks.timing import Task

CHANGES = 20
"""Organizations that are made and changed in a world before each measured operation."""

NEW: Profile = {
    "name": "Bakery",
    "address_line1": "Ring 1",
    "zip": "1010",
    "town": "Wien",
    "country_code": "AUT",
}
"""The profile of an organization that is made."""


class Setting(Protocol):
    """A way to reach a world; every one becomes two columns of the table.

    Attributes:
        name: The heading.
        most_seconds: What an operation should stay under.
    """

    name: str
    most_seconds: float

    def tasks(self, tree: OrganizationTree) -> Mapping[str, Task]:
        """Return the measured operations on a world of that tree, by their names."""
        ...

    def close(self) -> None:
        """Give back whatever it holds."""
        ...
