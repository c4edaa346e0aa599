"""Outages that clients of these APIs meet in production, as rules that are ready to be armed.

Source: the codes that SIGN DE documents for each operation, and what integrators report.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from fiskaly_contracts import JsonValue

from fiskaly_mockserver.world.faults.rules import FaultRule

_ON_A_WORKING_TSS = (
    "authenticateAdmin",
    "changeAdminPin",
    "updateTss",
    "createClient",
    "updateClient",
    "upsertTransaction",
)


class FaultRecipe(NamedTuple):
    """A named outage: what it is like for a client, and the rules that make it."""

    name: str
    description: str
    rules: tuple[FaultRule, ...]

    def as_json(self) -> dict[str, JsonValue]:
        """Return it as the control API shows it."""
        return {
            "name": self.name,
            "description": self.description,
            "rules": [rule.as_json() for rule in self.rules],
        }


def _status(status: int, code: str | None, message: str, **headers: str) -> dict[str, Any]:
    effect = {"kind": "status", "status": status, "message": message, "headers": headers}
    return effect if code is None else {**effect, "code": code}


def _recipe(name: str, description: str, *rules: Mapping[str, Any]) -> FaultRecipe:
    return FaultRecipe(name, description, tuple(map(FaultRule.from_json, rules)))


def _each(operations: tuple[str, ...], effect: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"operation": name, "effect": effect} for name in operations]


_BELOW_SIGN_DE = ("/tss*", "/client*", "/tx*", "/export*")
"""Paths that SIGN DE alone has, beside its login."""
_DOWN = {"kind": "connection_reset"}

RECIPES: Mapping[str, FaultRecipe] = {
    recipe.name: recipe
    for recipe in (
        _recipe(
            "tss-deploy-fails",
            "The next change of a TSS's state, which is its deployment on the way to work, fails"
            " with 502 E_SMAERS; asked again it succeeds.",
            {
                "operation": "updateTss",
                "when": {"first": 1},
                "effect": _status(502, "E_SMAERS", "storage error (66)"),
            },
        ),
        _recipe(
            "tss-locked",
            "Another call holds the TSS: whatever writes to it is answered 503 E_TSS_LOCKED.",
            *_each(
                ("createTss", *_ON_A_WORKING_TSS, "triggerExport"),
                _status(503, "E_TSS_LOCKED", "TSS is locked"),
            ),
        ),
        _recipe(
            "slow-deploy",
            "The next change of a TSS's state takes the 3 seconds that deploying one takes.",
            {
                "operation": "updateTss",
                "when": {"first": 1},
                "effect": {"kind": "delay", "seconds": 3},
            },
        ),
        _recipe(
            "sign-de-down",
            "SIGN DE cannot be reached: every connection is reset, while the Management API works.",
            {"operation": "authenticateApi", "effect": _DOWN},
            *({"path": path, "effect": _DOWN} for path in _BELOW_SIGN_DE),
        ),
        _recipe(
            "lost-answer",
            "The next step of a transaction is signed and stored, but its answer is lost.",
            {
                "operation": "upsertTransaction",
                "when": {"first": 1},
                "phase": "after",
                "effect": {"kind": "connection_reset"},
            },
        ),
        _recipe(
            "revoked-admin",
            "The admin's session is gone: clients are neither registered nor changed, 401.",
            *_each(
                ("createClient", "updateClient"),
                _status(401, "E_ADMIN_NOT_AUTHENTICATED", "Admin is not authenticated"),
            ),
        ),
        _recipe(
            "rate-limited",
            "Every call of SIGN DE but its login is one too many: 429, and again after 60 seconds.",
            *(
                {
                    "path": path,
                    "effect": _status(429, None, "Too many requests", **{"Retry-After": "60"}),
                }
                for path in _BELOW_SIGN_DE
            ),
        ),
        _recipe(
            "certificate-expired",
            "The certificate of the TSS has expired: nothing is signed, 423 E_CERTIFICATE_EXPIRED.",
            *_each(
                _ON_A_WORKING_TSS,
                _status(423, "E_CERTIFICATE_EXPIRED", "Certificate of the TSS has expired"),
            ),
        ),
    )
}
"""The outages by name."""
