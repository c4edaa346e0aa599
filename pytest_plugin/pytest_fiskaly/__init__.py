"""A pytest plugin that gives test suites a fake fiskaly Management API.

Types for annotations are importable from here; they are loaded on first use.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fiskaly_mockserver import MockServer, ServerConfig
    from fiskaly_mockserver.control.handles import (
        ApiKeyHandle,
        ClientHandle,
        NotInTheTree,
        OrganizationHandle,
        SignedReceipt,
        TreeHandle,
        TssHandle,
        UserHandle,
    )

    from pytest_fiskaly.journal import BadCriterion, Call, JournalOverflow, OperationId
    from pytest_fiskaly.journal.assertions import JournalAssertions
    from pytest_fiskaly.mock import FiskalyMock
    from pytest_fiskaly.servers import Factory

__all__ = [
    "ApiKeyHandle",
    "BadCriterion",
    "Call",
    "ClientHandle",
    "Factory",
    "FiskalyMock",
    "JournalAssertions",
    "JournalOverflow",
    "MockServer",
    "NotInTheTree",
    "OperationId",
    "OrganizationHandle",
    "ServerConfig",
    "SignedReceipt",
    "TreeHandle",
    "TssHandle",
    "UserHandle",
]

_HOMES = {
    "BadCriterion": "pytest_fiskaly.journal",
    "Call": "pytest_fiskaly.journal",
    "Factory": "pytest_fiskaly.servers",
    "FiskalyMock": "pytest_fiskaly.mock",
    "JournalAssertions": "pytest_fiskaly.journal.assertions",
    "JournalOverflow": "pytest_fiskaly.journal",
    "MockServer": "fiskaly_mockserver",
    "OperationId": "pytest_fiskaly.journal",
    "ServerConfig": "fiskaly_mockserver",
}


def __getattr__(name: str) -> Any:
    """Load a type when it is asked for: pytest's start stays light."""
    if name in __all__:
        from importlib import import_module

        home = _HOMES.get(name, "fiskaly_mockserver.control.handles")
        return getattr(import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
