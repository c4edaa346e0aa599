"""Who may make control calls: nobody's web page, and beyond loopback only token holders."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hmac import compare_digest
from ipaddress import ip_address
from urllib.parse import urlsplit

from fiskaly_mockserver.world.names import TOKEN_HEADER

OPEN_OPERATIONS = frozenset({"getHealth", "getContract", "getControlContract"})
"""Asked by monitors and generators: they show nothing of the account."""


class Unsafe(Exception):
    """A control call that is not served; `field` is the header that it hangs on."""

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
        token: What a call must carry; `None` on loopback.
        loopback: Whether the server listens on this machine alone; if not, there is no
            control without a token.
    """

    enabled: bool = True
    token: str | None = field(default=None, repr=False)
    loopback: bool = True

    def demand(self, operation_id: str, headers: Mapping[str, str], host: str) -> bool:
        """Let a call pass or refuse it; `host` is what it took the server for.

        Returns:
            Whether the call may know what is in the account; an open operation may be
            asked without that.

        Raises:
            Unsafe: It comes from a foreign web page, lacks the token, or control is
                switched off.
        """
        origin = headers.get("Origin")
        if origin is not None and not _same_host(origin, host):
            raise Unsafe(403, "control calls from a foreign web page are refused", "Origin")
        refusal = self._refusal(headers, host)
        if refusal is not None and operation_id not in OPEN_OPERATIONS:
            raise refusal
        return refusal is None

    def _refusal(self, headers: Mapping[str, str], host: str) -> Unsafe | None:
        """Return why a call may not know what is in the account."""
        if not self.enabled:
            return Unsafe(404, "control calls are switched off on this server")
        if self.token is not None:
            given = headers.get(TOKEN_HEADER, "").encode("utf-8", "surrogateescape")
            if not compare_digest(given, self.token.encode()):
                return Unsafe(
                    403,
                    f"control calls need the header {TOKEN_HEADER} here; the server printed it",
                    TOKEN_HEADER,
                )
        elif not self.loopback:
            return Unsafe(
                403, "this server is open to other machines: control needs a control_token"
            )
        elif not is_loopback(host):
            # A page of a foreign name that resolves to this machine (DNS rebinding).
            return Unsafe(403, "control calls must name this machine, as localhost does", "Host")
        return None


def is_loopback(host: str) -> bool:
    """Tell whether `host` or `host:port` means this machine alone.

    >>> is_loopback("127.0.0.1:8722"), is_loopback("[::1]:80"), is_loopback("example.com")
    (True, True, False)
    >>> is_loopback("::1"), is_loopback("::"), is_loopback("0.0.0.0")
    (True, False, False)
    """
    with suppress(ValueError):
        return ip_address(host).is_loopback  # an IPv6 address to listen on has no brackets
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or name.endswith(".localhost") or ip_address(name).is_loopback
    except ValueError:
        return False


def _same_host(origin: str, host: str) -> bool:
    try:
        return urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:
        return False
