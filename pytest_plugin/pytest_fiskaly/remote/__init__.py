"""Another server than a fake of our own: where it is, and who we are there."""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass, field, replace
from http.client import HTTPException
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final
from urllib.error import HTTPError
from urllib.parse import SplitResult, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

if TYPE_CHECKING:
    from collections.abc import Mapping

__tracebackhide__ = True
"""For pytest, which would show what is sent to log in, with its secrets."""
API_KEY: Final = "FISKALY_API_KEY"
API_SECRET: Final = "FISKALY_API_SECRET"  # noqa: S105 - a variable's name
OPTION: Final = "--fiskaly-url"
SIGN_DE_URL: Final = "FISKALY_SIGN_DE_URL"
BASE_PATH: Final = "/api/v0"
SIGN_DE_PATH: Final = "/api/v2"
CONTROL_PATH: Final = "/_mock"
SANDBOX_PATH: Final = "/s/"
_PATH_OF_A_FAKE: Final = re.compile(f"(?:{SANDBOX_PATH}[^/]+)?{BASE_PATH}")
AGENT: Final = "fiskaly-mockserver"
"""What the plugin calls itself in its own requests."""
LIVE: Final = "LIVE"
LIVE_KEY: Final = "live_"
PATIENCE: Final = 20.0
"""Seconds until a server that does not answer is given up."""
UNAUTHORIZED: Final = 401
FORBIDDEN: Final = 403
OK: Final = 200


class RemoteError(Exception):
    """The suite cannot run against that server; the message says why and what helps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Who we are on a server, by one authentication, and the token that it gave.

    Attributes:
        organization: The organization's `name`, `type` and `envs`, as far as known.
    """

    env: str
    organization_id: str
    access_token: str = field(repr=False)
    organization: dict[str, Any] = field(default_factory=dict, repr=False)

    def as_json(self) -> dict[str, Any]:
        """Return it for another process of the same run."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A server at an address, and the credentials for it; `place` is where it was named."""

    base_url: str
    key: str
    secret: str = field(repr=False)
    place: str = OPTION

    @classmethod
    def of(
        cls, url: str, environment: Mapping[str, str] | None = None, *, place: str = OPTION
    ) -> Remote:
        """Return the server at a URL, with the credentials of the environment.

        `place` is where the URL was set, for complaints.

        Raises:
            RemoteError: It is no URL, or the credentials are LIVE.
        """
        environment = os.environ if environment is None else environment
        base_url = base_url_of(url, place)
        key = environment.get(API_KEY, "")
        if key.startswith(LIVE_KEY):
            raise RemoteError(_no_live(place, f"{API_KEY} holds a LIVE key"))
        secret = environment.get(API_SECRET, "")
        return cls(base_url=base_url, key=key, secret=secret, place=place)

    @property
    def sign_de_url(self) -> str:
        """SIGN DE's address where it is a fake, which serves both APIs."""
        return self.base_url.removesuffix(BASE_PATH) + SIGN_DE_PATH

    @property
    def control_url(self) -> str:
        """Where the control routes are, if it is a fake."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}{CONTROL_PATH}"

    @property
    def sandbox(self) -> str | None:
        """The sandbox that the address names, as `/s/tests/api/v0` does."""
        head = urlsplit(self.base_url).path.removesuffix(BASE_PATH)
        return head.removeprefix(SANDBOX_PATH) if head.startswith(SANDBOX_PATH) else None

    def demand_its_path(self) -> None:
        """Demand that the address is that of a fake's Management API.

        Raises:
            RemoteError: It is another one of the fake, as that of SIGN DE.
        """
        parts = urlsplit(self.base_url)
        if _PATH_OF_A_FAKE.fullmatch(parts.path) is None:
            raise RemoteError(
                f"{self.place}: the fake at {parts.scheme}://{parts.netloc} has no Management API"
                f" at {parts.path}, but at {BASE_PATH}, or {SANDBOX_PATH}NAME{BASE_PATH} in a"
                " sandbox"
            )

    def in_sandbox(self, name: str) -> Remote:
        """Return the same server, of which a sandbox answers."""
        parts = urlsplit(self.base_url)
        base_url = f"{parts.scheme}://{parts.netloc}{SANDBOX_PATH}{name}{BASE_PATH}"
        return replace(self, base_url=base_url)

    def is_fake(self) -> bool:
        """Ask whether a fiskaly-mockserver answers that can be controlled; nothing is changed."""
        health = self._control("health")[1]
        if not isinstance(health, dict) or not {"status", "contract"} <= health.keys():
            return False
        return self._control("clock")[0] in {OK, FORBIDDEN}  # 403: control wants a token

    def _control(self, path: str) -> tuple[int, Any]:
        """Return status and JSON of a control call without a token; 0 and why if nobody answers."""
        try:
            url = f"{self.control_url}/{path}"
            with self._opener().open(url, timeout=PATIENCE) as answer:
                return answer.status, json.loads(answer.read())
        except HTTPError as error:
            with error:
                return error.code, None
        except OSError as error:
            return 0, getattr(error, "reason", error)
        except (HTTPException, ValueError):
            return OK, None

    def connect(self) -> Session:
        """Authenticate, and ask who we are.

        Raises:
            RemoteError: There are no credentials; nobody answers, or somebody else, or they
                refuse us, or we are LIVE there.
        """
        credentials = {API_KEY: self.key, API_SECRET: self.secret}
        missing = [name for name, value in credentials.items() if not value]
        if missing:
            answered, why = self._control("health")
            if not answered:
                raise RemoteError(self._nobody(why))
            raise RemoteError(
                f"{self.place} needs credentials: set {' and '.join(missing)} in the environment"
                ' (of a running fake: eval "$(fiskaly-mockserver env)")'
            )
        answer = self.authenticate({"api_key": self.key, "api_secret": self.secret})
        claims = answer.get("access_token_claims")
        token = answer.get("access_token")
        if not isinstance(claims, dict) or not isinstance(token, str):
            raise RemoteError(self._somebody_else("its answer to /auth has no access token"))
        env = str(claims.get("env", ""))
        if env == LIVE:
            raise RemoteError(
                _no_live(self.place, "the credentials of the environment are LIVE ones")
            )
        organization_id = str(claims.get("organization_id") or claims.get("organization") or "")
        row = self._ask(f"/organizations/{organization_id}", token=token)
        known = {
            "name": row.get("name", ""),
            "type": row.get("_type", "ORGANIZATION"),
            "envs": row.get("_envs", [env]),
        }
        return Session(
            env=env, organization_id=organization_id, access_token=token, organization=known
        )

    def authenticate(self, credentials: Mapping[str, str]) -> dict[str, Any]:
        """Return the answer to a log-in.

        Raises:
            RemoteError: Nobody answers, or somebody else, or they refuse the credentials.
        """
        return self._ask("/auth", credentials)

    def _ask(
        self, path: str, body: Mapping[str, str] | None = None, token: str = ""
    ) -> dict[str, Any]:
        headers = {"User-Agent": AGENT}
        if body:
            headers["Content-Type"] = "application/json"
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.base_url + path, data, headers)  # noqa: S310 - looked at
        try:
            with self._opener().open(request, timeout=PATIENCE) as answer:
                parsed = json.loads(answer.read())
        except HTTPError as error:
            with error:
                raise RemoteError(self._refused(error.code, path)) from None
        except OSError as error:
            raise RemoteError(self._nobody(getattr(error, "reason", error))) from None
        except HTTPException as error:
            why = f"it does not answer in HTTP ({type(error).__name__})"
            raise RemoteError(self._somebody_else(why)) from None
        except ValueError:
            raise RemoteError(self._somebody_else("it does not answer in JSON")) from None
        if not isinstance(parsed, dict):
            raise RemoteError(self._somebody_else("it does not answer with a JSON object"))
        return parsed

    def _opener(self) -> Any:
        # A proxy of the environment knows nothing of a server on this machine.
        host = urlsplit(self.base_url).hostname or ""
        return build_opener(ProxyHandler({})) if _is_loopback(host) else build_opener()

    def _refused(self, status: int, path: str) -> str:
        if status == UNAUTHORIZED:
            return (
                f"{self.place}: {self.base_url} refuses the credentials: are {API_KEY} and"
                f" {API_SECRET} those of this server?"
            )
        return self._somebody_else(f"it answers {status} to {path}")

    def _nobody(self, why: object) -> str:
        return f"{self.place}: nobody answers at {self.base_url}: {why}"

    def _somebody_else(self, why: str) -> str:
        return (
            f"{self.place}: what answers at {self.base_url} is no Management API: {why}."
            f" The URL of the real one ends in {BASE_PATH}"
        )


def base_url_of(url: str, place: str = OPTION) -> str:
    """Return the address of an API, without a slash at the end.

    >>> base_url_of("http://127.0.0.1:8722")
    'http://127.0.0.1:8722/api/v0'

    Raises:
        RemoteError: It is no URL of one.
    """
    if "@" in url:  # whatever else is wrong with it: it is not to be printed
        raise RemoteError(
            f"{place}: credentials belong into {API_KEY} and {API_SECRET}, not into the URL"
        )
    parts = _parts_of(url)
    if parts is None:
        raise RemoteError(
            f"{place}: {_without_query(url)!r} is no URL: give http://127.0.0.1:8722{BASE_PATH}, or"
            " that of the vendor's TEST environment, with http:// or https:// in front"
        )
    path = parts.path.rstrip("/").removesuffix(CONTROL_PATH)
    return f"{parts.scheme}://{parts.netloc}{path or BASE_PATH}"


def port_of(base_url: str) -> int:
    """Return the port of an address, that of its scheme where it names none."""
    parts = urlsplit(base_url)
    return parts.port or (443 if parts.scheme == "https" else 80)


def _parts_of(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return None if not good or parts.query or parts.fragment else parts


def _without_query(url: str) -> str:
    head, mark, _ = url.partition("?")
    return f"{head}?…" if mark else url


def _no_live(place: str, what: str) -> str:
    return (
        f"{place}: {what}: a test suite creates and deletes organizations, which would be"
        " for real and be billed. Use TEST credentials"
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
