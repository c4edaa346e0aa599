"""The real hosts in tests: led to the fake where that is asked for, and else no way out."""

from __future__ import annotations

import os
import ssl
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import pytest
from fiskaly_mockserver.proxy.environment import (
    CA_VARIABLES,
    NO_PROXY_VARIABLES,
    PROXY_VARIABLES,
    trusted_cas,
)
from fiskaly_mockserver.proxy.resolution import leading_to, patch, refusal
from fiskaly_mockserver.web.safety import REAL_DOMAIN, VENDOR_HOSTS, is_real

from pytest_fiskaly.verdict.outcome import fail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fiskaly_mockserver import MockServer

    from pytest_fiskaly.verdict.watch import ContractVerdict

REFUSED: Final = (
    "the real service, and was kept from it. Give its client fiskaly_base_url, or have the host"
    " answered by the fake with the fixture fiskaly_intercept; fiskaly_guard=off lets it through"
)

_NAMES_OF_PROXIES: Final = frozenset({*map(str.lower, PROXY_VARIABLES), "all_proxy"})


@contextmanager
def guarded(verdict: ContractVerdict) -> Iterator[None]:
    """Keep this process from the real hosts, and hold an attempt against the test."""

    def follow(host: str, port: Any) -> None:
        if is_real(host):
            place = host if port is None else f"{host}:{port}"
            verdict.strayed.append(f"the test connected to {place}, which is {REFUSED}")
            raise refusal(f"{place} is {REFUSED}")

    with _spared_by_proxies():
        undo = patch(follow)
        try:
            yield
        finally:
            undo()


@contextmanager
def intercepting(server: MockServer) -> Iterator[None]:
    """Lead the real APIs' hosts to a server, for clients of this process, which trust it then.

    Raises:
        PlainFailure: The server has a certificate that it was given.
    """
    __tracebackhide__ = True
    server.intercept()
    if server.tls_address is None or server.ca_file is None:
        fail("fiskaly_intercept needs a server whose CA is its own: leave out cert and key")
    cas = trusted_cas(os.environ, server.ca_file.read_bytes())
    with (
        TemporaryDirectory(prefix="fiskaly-mockserver-") as folder,
        pytest.MonkeyPatch.context() as environment,
        _spared_by_proxies(),
    ):
        bundle = Path(folder) / "bundle.pem"
        bundle.write_bytes(b"".join(cas))
        for name in CA_VARIABLES:
            environment.setenv(name, str(bundle))
        _trust_in_aiohttp(environment, bundle)
        _trust_in_urllib(environment, bundle)
        undo = patch(leading_to(dict.fromkeys(VENDOR_HOSTS, server.tls_address)))
        try:
            yield
        finally:
            undo()


def _trust_in_aiohttp(patched: pytest.MonkeyPatch, bundle: Path) -> None:
    """Have aiohttp trust a file of CAs, which it asks the environment for at its import only."""
    connector = sys.modules.get("aiohttp.connector")
    context = getattr(connector, "_SSL_CONTEXT_VERIFIED", None)
    if isinstance(context, ssl.SSLContext):
        trusting = ssl.create_default_context(cafile=bundle)
        patched.setattr(connector, "_SSL_CONTEXT_VERIFIED", trusting)


def _trust_in_urllib(patched: pytest.MonkeyPatch, bundle: Path) -> None:
    """Have the opener that urlopen made before trust a file of CAs.

    It stays for the life of the process, and from Python 3.12 on its TLS context does, too.
    """
    opener = getattr(sys.modules.get("urllib.request"), "_opener", None)
    for handler in getattr(opener, "handlers", ()):
        if isinstance(getattr(handler, "_context", None), ssl.SSLContext):
            patched.setattr(handler, "_context", ssl.create_default_context(cafile=bundle))


@contextmanager
def _spared_by_proxies() -> Iterator[None]:
    """Keep clients from asking a proxy of the environment for the real hosts."""
    if not _NAMES_OF_PROXIES.intersection(map(str.lower, os.environ)):
        yield
        return
    with pytest.MonkeyPatch.context() as environment:
        for name in NO_PROXY_VARIABLES:
            present = os.environ.get(name)
            spared = ",".join(filter(None, [present, REAL_DOMAIN, *sorted(VENDOR_HOSTS)]))
            environment.setenv(name, spared)
        yield
