"""Whether the clients of this machine get to a server: names, proxies, base URLs."""

import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import TypedDict
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from fiskaly_mockserver.cli.remote_server import BASE_PATH, Target
from fiskaly_mockserver.cli.variables import BASE_URL
from fiskaly_mockserver.control.http import ServerUnreachable
from fiskaly_mockserver.web.safety import is_loopback

NAME_WIDTH = 9


class Level(StrEnum):
    """How good it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class CheckJson(TypedDict):
    """A check, as `doctor --json` prints it."""

    name: str
    level: str
    said: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A finding in words, and what to do about it; `fix` is empty where all is well."""

    name: str
    level: Level = Level.OK
    said: str
    fix: str = ""

    def line(self) -> str:
        """Return it in one line."""
        fix = f" -> {self.fix}" if self.fix else ""
        return f"{self.level.ljust(4)}  {self.name.ljust(NAME_WIDTH)} {self.said}{fix}"

    def as_json(self) -> CheckJson:
        """Return it for programs."""
        return {
            "name": self.name,
            "level": self.level.value,
            "said": self.said,
            "fix": self.fix,
        }


def ok(name: str, said: str) -> Check:
    """Return that all is well."""
    return Check(name=name, said=said)


def warn(name: str, said: str, fix: str) -> Check:
    """Return what may be meant so, or fails in some clients."""
    return Check(name=name, level=Level.WARN, said=said, fix=fix)


def fail(name: str, said: str, fix: str) -> Check:
    """Return what does not work."""
    return Check(name=name, level=Level.FAIL, said=said, fix=fix)


def all_well(checks: Iterable[Check]) -> bool:
    """Tell whether nothing failed."""
    return all(check.level is not Level.FAIL for check in checks)


PATIENCE = 1.0
"""Seconds that each address of a name gets to answer."""
REAL_DOMAIN = "fiskaly.com"
"""Whatever stands below it is no fake."""
NAME = "name"
LOCALHOST = "localhost"
STANDARD_PORTS = {"http": 80, "https": 443}


def name_checks(target: Target, *, up: bool) -> Iterator[Check]:
    """Yield what the name of the server leads to, and on loopback what `localhost` does.

    Many clients try the first address of a name alone, which is ::1 on some machines.
    Where the server is not `up`, only what helps to find it is said.
    """
    host = urlsplit(target.origin).hostname or ""
    if not _is_address(host):
        yield _own_name_check(_Resolved.of(target, host), target)
    if is_loopback(host) and host != LOCALHOST:
        found = _Resolved.of(target, LOCALHOST)
        if up:
            yield _localhost_check(found, target)
        elif found.answering:
            port = urlsplit(target.origin).port
            yield warn(NAME, f"{found}: {found.answering[0]} answers", f"--url {LOCALHOST}:{port}")


def proxy_check(target: Target) -> Check:
    """Return whether a proxy of the environment would catch calls to the server."""
    name, proxies = "proxy", getproxies_environment()
    parts = urlsplit(target.origin)
    catching = [scheme for scheme in (parts.scheme, "all") if scheme in proxies]
    if not catching:
        return ok(name, "no variable sends calls to a proxy")
    if proxy_bypass(parts.netloc):
        return ok(name, f"no_proxy spares {parts.hostname}")
    return warn(
        name,
        f"clients that obey {catching[0]}_proxy send calls to {target.origin} to a proxy",
        f"add {parts.hostname} to no_proxy and NO_PROXY",
    )


def base_url_check(target: Target, environment: Mapping[str, str]) -> Check:
    """Return whether `FISKALY_BASE_URL`, if it is set, is the server's base URL."""
    name, right, given = "base URL", target.base_url, environment.get(BASE_URL)
    if given is None:
        return ok(name, f"give clients {right}, without a slash at the end")
    fix = f"export {BASE_URL}={right}"
    if _is_real(given):
        return fail(name, f"{BASE_URL} is the address of the real service", fix)
    if not _same_place(given, right):
        return warn(name, f"{BASE_URL} is the address of another server", fix)
    return _path_check(name, urlsplit(given), urlsplit(right), fix)


def _path_check(name: str, one: SplitResult, other: SplitResult, fix: str) -> Check:
    """Return whether an address of the right server also leads to the right world."""
    if one.scheme != other.scheme:
        return fail(name, f"{BASE_URL} says {one.scheme}, the server speaks {other.scheme}", fix)
    if one.path == other.path:
        return ok(name, f"{BASE_URL} leads to the API")
    if one.path.rstrip("/") == other.path:
        return warn(
            name, f"{BASE_URL} ends in a slash: clients that append /auth to it get 404", fix
        )
    if one.path.rstrip("/").endswith(BASE_PATH):
        return warn(name, f"{BASE_URL} leads to another world of the server", fix)
    return fail(name, f"{BASE_URL} does not end in {BASE_PATH}: every call gets 404", fix)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Resolved:
    """The addresses of a name, in their order, and those at which a server answers."""

    host: str
    addresses: tuple[str, ...]
    answering: tuple[str, ...]

    @classmethod
    def of(cls, target: Target, host: str) -> "_Resolved":
        parts = urlsplit(target.origin)
        port = parts.port or STANDARD_PORTS[parts.scheme]
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError:
            found = []
        addresses = tuple(dict.fromkeys(str(one[4][0]) for one in found))
        answering = tuple(one for one in addresses if _answers(parts.scheme, one, port))
        return cls(host=host, addresses=addresses, answering=answering)

    def __str__(self) -> str:
        return f"{self.host} is {', '.join(self.addresses) or 'no address'}"

    @property
    def first_answers(self) -> bool:
        """Whether clients that try the first address alone are served."""
        return self.answering[:1] == self.addresses[:1] != ()


def _own_name_check(found: _Resolved, target: Target) -> Check:
    if found.first_answers:
        return ok(NAME, f"{found}: {found.answering[0]} answers")
    if not found.answering:
        return fail(NAME, f"{found}: no fiskaly-mockserver answers there", "try --url 127.0.0.1")
    right = target.base_url.replace(found.host, _shown(found.answering[0]), 1)
    return warn(NAME, f"{found}: only {found.answering[0]} answers", f"give clients {right}")


def _localhost_check(found: _Resolved, target: Target) -> Check:
    if found.first_answers:
        return ok(NAME, f"{found}: {found.answering[0]} answers")
    said = f"{found}: clients that are given it may find nobody"
    return warn(NAME, said, f"give them {target.base_url}")


def _answers(scheme: str, address: str, port: int) -> bool:
    try:
        Target(origin=f"{scheme}://{_shown(address)}:{port}").health(PATIENCE)
    except ServerUnreachable:
        return False
    return True


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _shown(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _is_real(given: str) -> bool:
    """Tell whether an address is one of fiskaly's own hosts: tests would touch real data."""
    try:
        host = urlsplit(given if "://" in given else f"//{given}").hostname or ""
    except ValueError:
        return False
    return f".{host.rstrip('.')}".endswith(f".{REAL_DOMAIN}")


def _same_place(given: str, right: str) -> bool:
    """Tell whether two addresses lead to the same port of the same machine."""
    try:
        one, other = urlsplit(given), urlsplit(right)
        ports = {part.port or STANDARD_PORTS.get(part.scheme) for part in (one, other)}
    except ValueError:
        return False
    hosts = {part.hostname or "" for part in (one, other)}
    return len(ports) == 1 and (len(hosts) == 1 or all(map(is_loopback, hosts)))
