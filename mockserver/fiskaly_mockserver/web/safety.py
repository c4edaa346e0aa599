"""Who may call: no web page of somebody else, and for control beyond loopback a token."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hmac import compare_digest
from ipaddress import ip_address

from aiohttp import hdrs

from fiskaly_mockserver.world.names import TOKEN_HEADER, shown

OPEN_OPERATIONS = frozenset({"getHealth", "getContract", "getSignDeContract", "getControlContract"})
"""Asked by monitors and generators: they show nothing of the account."""
BACKEND_HOST = "kassensichv.fiskaly.com"
"""Where SIGN DE is without what only its middleware has."""
VENDOR_HOSTS = frozenset(
    {"dashboard.fiskaly.com", "kassensichv-middleware.fiskaly.com", BACKEND_HOST}
)
"""The hosts of the real APIs: a client whose calls are intercepted names them."""
REAL_DOMAIN = "fiskaly.com"
"""Whatever stands below it is no fake."""
MOST_HOSTS = 100
"""Hosts that are remembered, a client may name any port; when there are more, it begins anew."""
SITE_HEADER = "Sec-Fetch-Site"
CROSS_SITE = "cross-site"

_HOST = re.compile(r"([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?", re.IGNORECASE)
_PORTS = {"http": "80", "https": "443"}


class Unsafe(Exception):
    """A call that is not served; `field` is the header that it hangs on."""

    def __init__(self, status: int, message: str, field: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.field = field


@dataclass(frozen=True, slots=True)
class Safety:
    """The rules of one server.

    Attributes:
        enabled: Whether control calls other than the open ones are served at all.
        token: What a control call must carry; `None` on loopback.
        loopback: Whether the server listens on this machine alone; if not, there is no
            control without a token.
        allowed_hosts: Names, besides those of this machine, under which it may be called.
        known_hosts: The hosts that it was called by and that are right.
    """

    enabled: bool = True
    token: str | None = field(default=None, repr=False)
    loopback: bool = True
    allowed_hosts: tuple[str, ...] = ()
    known_hosts: set[str | None] = field(init=False, repr=False, compare=False, default_factory=set)

    def demand_own_page(self, headers: Mapping[str, str], scheme: str) -> None:
        """Refuse what a web page of somebody else calls.

        A browser tells the page in `Origin`, or with `Sec-Fetch-Site` that it is another
        site's, as for an image.

        Raises:
            Unsafe: It does.
        """
        origin = headers.get(hdrs.ORIGIN)
        if origin is not None:
            if not _is_own(origin, scheme, headers.get(hdrs.HOST, "")):
                raise Unsafe(403, "calls from a foreign web page are refused", hdrs.ORIGIN)
        elif headers.get(SITE_HEADER) == CROSS_SITE:
            raise Unsafe(403, "calls from a foreign web page are refused", SITE_HEADER)

    def demand_own_host(self, headers: Mapping[str, str]) -> None:
        """Refuse a foreign name of this machine, which a page may have made its own.

        Raises:
            Unsafe: `Host` names no name of this machine, none of the vendor's, and none
                that is allowed.
        """
        host = headers.get(hdrs.HOST)
        if host in self.known_hosts:
            return
        if host is not None and self.loopback and not is_loopback(host):
            self._demand_allowed(host)
        if len(self.known_hosts) >= MOST_HOSTS:
            self.known_hosts.clear()
        self.known_hosts.add(host)

    def _demand_allowed(self, host: str) -> None:
        found = _HOST.fullmatch(host)
        name = found[1].lower() if found else ""
        if name not in VENDOR_HOSTS and name not in map(str.lower, self.allowed_hosts):
            raise Unsafe(
                403,
                f"the host {shown(host)} is no name of this machine, as localhost is: start the"
                " server with --allow-host NAME if it should be",
                hdrs.HOST,
            )

    def demand(self, operation_id: str, headers: Mapping[str, str], scheme: str) -> bool:
        """Let a control call pass or refuse it.

        Returns:
            Whether the call may know what is in the account; an open operation may be
            asked without that.

        Raises:
            Unsafe: It comes from a foreign web page, lacks the token, or control is
                switched off.
        """
        self.demand_own_page(headers, scheme)
        try:
            self._demand_right(headers)
        except Unsafe:
            if operation_id not in OPEN_OPERATIONS:
                raise
            return False
        return True

    def _demand_right(self, headers: Mapping[str, str]) -> None:
        """Refuse a call that may not know what is in the account."""
        if not self.enabled:
            raise Unsafe(404, "control calls are switched off on this server")
        if self.token is not None:
            given = headers.get(TOKEN_HEADER, "").encode("utf-8", "surrogateescape")
            if not compare_digest(given, self.token.encode()):
                raise Unsafe(
                    403,
                    f"control calls need the header {TOKEN_HEADER} here; the server printed it",
                    TOKEN_HEADER,
                )
        elif not self.loopback:
            raise Unsafe(
                403, "this server is open to other machines: control needs a control_token"
            )
        else:
            self.demand_own_host(headers)


def is_real(host: str) -> bool:
    """Tell whether a host is one of the vendor's: tests would touch real data.

    >>> is_real("Dashboard.fiskaly.com."), is_real("myfiskaly.com")
    (True, False)
    """
    return f".{host.lower().rstrip('.')}".endswith(f".{REAL_DOMAIN}")


def is_loopback(host: str) -> bool:
    """Tell whether `host` or `host:port` means this machine alone.

    >>> is_loopback("127.0.0.1:8722"), is_loopback("[::1]:80"), is_loopback("example.com")
    (True, True, False)
    """
    found = _HOST.fullmatch(host) or _HOST.fullmatch(f"[{host}]")
    if found is None:
        return False
    name = found[1].lower().strip("[]")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _is_own(origin: str, scheme: str, host: str) -> bool:
    """Tell whether an origin is the very one that a call was made to: scheme, host and port."""
    called, _, rest = origin.partition("://")
    page, own = _HOST.fullmatch(rest), _HOST.fullmatch(host)
    if page is None or own is None or called.lower() != scheme:
        return False
    ports = [found[2] or _PORTS.get(scheme, "") for found in (page, own)]
    return page[1].lower() == own[1].lower() and ports[0] == ports[1]
