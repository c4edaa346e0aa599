"""Leads the hosts of one Python process to a server of this machine.

It runs in other people's processes, also as their `sitecustomize`: standard library only, in
words that older Pythons know.
"""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Address = tuple[str, int]
    Follow = Callable[[str, Any], Address | None]
    """Takes host and port: where they lead, or nothing for the place that they name; may raise."""
    Led = Callable[[Any, Any], tuple[Any, Any]]
    Change = tuple[Any, str, Any]

HTTPS = (443, "443", b"443", "https")
WEB = (*HTTPS, 80, "80", b"80", "http")


def leading_to(places: Mapping[str, Address], *, offline: bool = False) -> Follow:
    """Return what leads hosts to their places, and refuses other web hosts if it is `offline`."""

    def follow(host: str, port: Any) -> Address | None:
        if host not in places:
            if offline and port in WEB and not is_local(host):
                raise refusal(f"{host} is refused: --offline lets nothing out")
            return None
        if port not in HTTPS:
            raise refusal(f"{host} is intercepted at port 443 only")
        return places[host]

    return follow


def refusal(reason: str) -> OSError:
    """Return the error that a client gets for a name that leads nowhere."""
    return socket.gaierror(socket.EAI_NONAME, f"fiskaly-mockserver: {reason}")


def is_local(host: str) -> bool:
    """Tell whether a host is this machine, or all of its addresses."""
    return host in {"", "localhost", "::1", "::", "0.0.0.0"} or host.startswith("127.")  # noqa: S104


def patch(follow: Follow) -> Callable[[], None]:
    """Have this process ask `follow` before it resolves a name; return what undoes that."""

    def led(host: Any, port: Any) -> tuple[Any, Any]:
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        if not isinstance(name, str):
            return host, port
        return follow(name.lower().rstrip("."), port) or (host, port)

    changes = [*_of_sockets(led), *_of_libraries(led)]
    before = [(place, name, vars(place).get(name)) for place, name, _ in changes]
    for place, name, value in changes:
        setattr(place, name, value)

    def undo() -> None:
        for place, name, value in before:
            if value is None:
                delattr(place, name)  # it was inherited
            else:
                setattr(place, name, value)

    return undo


def _of_sockets(led: Led) -> list[Change]:
    resolve = socket.getaddrinfo
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def getaddrinfo(host: Any, port: Any, *more: Any, **named: Any) -> Any:
        return resolve(*led(host, port), *more, **named)

    def one_name(real: Callable[[str], Any]) -> Callable[[str], Any]:
        return lambda host: real(led(host, None)[0])

    def moved(own: socket.socket, address: Any) -> Any:
        if own.family in (socket.AF_INET, socket.AF_INET6) and isinstance(address, tuple):
            return (*led(*address[:2]), *address[2:])
        return address

    return [
        (socket, "getaddrinfo", getaddrinfo),
        (socket, "gethostbyname", one_name(socket.gethostbyname)),
        (socket, "gethostbyname_ex", one_name(socket.gethostbyname_ex)),
        (socket.socket, "connect", lambda own, to: connect(own, moved(own, to))),
        (socket.socket, "connect_ex", lambda own, to: connect_ex(own, moved(own, to))),
    ]


def _of_libraries(led: Led) -> list[Change]:
    """Return the changes to libraries at hand that resolve names without the standard one."""
    changes: list[Change] = []
    uvloop: Any = sys.modules.get("uvloop")
    if uvloop is not None:
        resolve = uvloop.Loop.getaddrinfo

        async def getaddrinfo(self: Any, host: Any, port: Any, **named: Any) -> Any:
            return await resolve(self, *led(host, port), **named)

        changes.append((uvloop.Loop, "getaddrinfo", getaddrinfo))
    aiohttp: Any = sys.modules.get("aiohttp.resolver")
    if aiohttp is not None:  # its resolver of aiodns
        really = aiohttp.AsyncResolver.resolve

        async def found(self: Any, host: str, port: int = 0, **named: Any) -> Any:
            address, at = led(host, port)
            hosts = await really(self, address, at, **named)
            return [{**one, "hostname": host} for one in hosts]

        changes.append((aiohttp.AsyncResolver, "resolve", found))
    return changes


def hand_over(folder: str) -> None:
    """Let the `sitecustomize` run that stands behind the one in `folder`, if there is any."""
    sys.path[:] = [one for one in sys.path if one != folder]
    ours = sys.modules.pop("sitecustomize")
    try:
        import sitecustomize  # type: ignore[import-not-found] # noqa: F401, PLC0415
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
    finally:
        sys.modules.setdefault("sitecustomize", ours)
