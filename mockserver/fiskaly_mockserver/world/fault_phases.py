"""When a fault strikes. Apart from the rules, which a server imports when it arms the first."""

from enum import StrEnum


class Phase(StrEnum):
    """When a fault strikes: before the operation, or after its change was made."""

    BEFORE = "before"
    AFTER = "after"
