"""A pytest plugin that gives test suites a fake fiskaly Management API.

Types for annotations are importable from here; they are loaded on first use.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fiskaly_mockserver import MockServer, ServerConfig

__all__ = ["MockServer", "ServerConfig"]


def __getattr__(name: str) -> Any:
    """Load the server's types when they are asked for: pytest's start stays light."""
    if name in __all__:
        import fiskaly_mockserver

        return getattr(fiskaly_mockserver, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
