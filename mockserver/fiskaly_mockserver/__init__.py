"""An unofficial, in-memory fake of the fiskaly Management API.

`MockServer` runs it in a thread of the own process; the command `fiskaly-mockserver`
runs it for clients in any language.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fiskaly_mockserver.server.config import ServerConfig
    from fiskaly_mockserver.server.mock_server import MockServer

__all__ = ["MockServer", "ServerConfig"]


def __getattr__(name: str) -> Any:
    """Load the public names on first use: the command's start does not need them all."""
    if name == "MockServer":
        from fiskaly_mockserver.server.mock_server import MockServer  # noqa: PLC0415

        return MockServer
    if name == "ServerConfig":
        from fiskaly_mockserver.server.config import ServerConfig  # noqa: PLC0415

        return ServerConfig
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
