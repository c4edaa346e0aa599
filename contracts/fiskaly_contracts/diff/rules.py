"""The rules of `contract diff`: how grave each change is, and what its reverse is called.

Ids are oasdiff's where the meaning is the same. A request may only widen, an answer only narrow:
whatever lets less through on the way in, or more on the way out, breaks somebody.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from fiskaly_contracts.conformance.findings import Finding, Side
from fiskaly_contracts.json_value import Tokens, pointer_to
from fiskaly_contracts.violations import Severity


class Level(StrEnum):
    """How grave a change is: it breaks clients, it may, or it is only told."""

    ERR = "err"
    WARN = "warn"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of change.

    Attributes:
        level: How grave it is.
        mirror: The rule of the reverse change; "" where `no_mirror` says why there is none.
        says: What changed, in words; `{name}`, `{old}` and `{new}` are filled in.
        no_mirror: Why the reverse has no rule of its own.
    """

    level: Level
    mirror: str
    says: str
    no_mirror: str = ""


ERR, WARN, INFO = Level.ERR, Level.WARN, Level.INFO
_ITSELF: Final = "itself"


def _pair(  # noqa: PLR0917 - two rules, side by side
    one: str, level: Level, says: str, other: str, other_level: Level, other_says: str
) -> dict[str, Rule]:
    return {one: Rule(level, other, says), other: Rule(other_level, one, other_says)}


def _values(prefix: str, noun: str, *, into: bool) -> dict[str, Rule]:
    """Return the rules of a value: `into` says whether it is sent to the server."""
    narrower, wider = (ERR, INFO) if into else (INFO, ERR)
    unsure = WARN
    found: dict[str, Rule] = {
        f"{prefix}-type-changed": Rule(
            ERR, _ITSELF, f"the type of {noun} became {{new}}, not {{old}}"
        ),
        f"{prefix}-pattern-changed": Rule(
            unsure, _ITSELF, f"the pattern of {noun} became {{new}}, not {{old}}"
        ),
        **_pair(
            f"{prefix}-type-specialized",
            narrower,
            f"the type of {noun} is only {{new}}, not {{old}}",
            f"{prefix}-type-generalized",
            wider,
            f"the type of {noun} may be {{new}}, not only {{old}}",
        ),
        **_pair(
            f"{prefix}-pattern-added",
            narrower,
            f"{noun} has the pattern {{new}}",
            f"{prefix}-pattern-removed",
            wider,
            f"{noun} has no longer the pattern {{old}}",
        ),
        **_pair(
            f"{prefix}-enum-value-removed",
            narrower,
            f"{noun} is no longer {{old}}",
            f"{prefix}-enum-value-added",
            wider,
            f"{noun} may be {{new}}",
        ),
        **_pair(
            f"{prefix}-became-enum",
            narrower,
            f"{noun} has a closed list of values",
            f"{prefix}-enum-removed",
            wider,
            f"{noun} has no closed list of values any more",
        ),
        **_pair(
            f"{prefix}-became-not-nullable",
            narrower,
            f"{noun} is never null",
            f"{prefix}-became-nullable",
            wider,
            f"{noun} may be null",
        ),
        **_pair(
            f"{prefix}-one-of-removed",
            narrower,
            f"{noun} is no longer a {{old}}",
            f"{prefix}-one-of-added",
            wider,
            f"{noun} may be a {{new}}",
        ),
        **_pair(
            f"{prefix}-additional-properties-forbidden",
            narrower,
            f"{noun} takes no other properties",
            f"{prefix}-additional-properties-allowed",
            wider,
            f"{noun} may have other properties",
        ),
    }
    for bound in UPPER:
        found |= _pair(
            f"{prefix}-{bound}-decreased",
            narrower,
            f"the {bound} of {noun} fell from {{old}} to {{new}}",
            f"{prefix}-{bound}-increased",
            wider,
            f"the {bound} of {noun} rose from {{old}} to {{new}}",
        )
    for bound in LOWER:
        found |= _pair(
            f"{prefix}-{bound}-increased",
            narrower,
            f"the {bound} of {noun} rose from {{old}} to {{new}}",
            f"{prefix}-{bound}-decreased",
            wider,
            f"the {bound} of {noun} fell from {{old}} to {{new}}",
        )
    for bound in (*UPPER, *LOWER, "multiple-of", "unique-items"):
        found |= _pair(
            f"{prefix}-{bound}-set",
            narrower,
            f"{noun} has a {bound}: {{new}}",
            f"{prefix}-{bound}-unset",
            wider,
            f"{noun} has no {bound} any more, which was {{old}}",
        )
    if into:
        found[f"{prefix}-default-value-changed"] = Rule(
            ERR, _ITSELF, f"the default of {noun} became {{new}}, not {{old}}"
        )
    found[f"{prefix}-keyword-changed"] = Rule(unsure, _ITSELF, f"{{old}} of {noun} changed")
    found[f"{prefix}-multiple-of-changed"] = Rule(
        ERR, _ITSELF, f"the multiple-of {noun} became {{new}}, not {{old}}"
    )
    return found


UPPER: Final = ("max", "max-length", "max-items", "max-properties")
"""Bounds that let less through the smaller they are."""
LOWER: Final = ("min", "min-length", "min-items", "min-properties")
"""Bounds that let less through the larger they are."""

RULES: Final[dict[str, Rule]] = {
    # operations
    "api-base-path-changed": Rule(
        ERR, _ITSELF, "every path begins with {new}, and no longer with {old}"
    ),
    **_pair(
        "api-removed-without-deprecation", ERR, "the operation is gone",
        "endpoint-added", INFO, "the operation is new",
    ),
    **_pair(
        "api-removed-after-deprecation", WARN, "the operation, which was deprecated, is gone",
        "deprecated-endpoint-added", INFO, "the operation is new, and deprecated",
    ),
    **_pair(
        "endpoint-deprecated", INFO, "the operation is deprecated",
        "endpoint-reactivated", INFO, "the operation is no longer deprecated",
    ),
    **_pair(
        "api-security-added", ERR, "the operation needs a token",
        "api-security-removed", INFO, "the operation needs no token any more",
    ),
    "api-security-changed": Rule(ERR, _ITSELF, "the operation takes {new}, and no longer {old}"),
    "api-operation-id-changed": Rule(WARN, _ITSELF, "the operationId became {new}, not {old}"),
    # parameters
    **_pair(
        "new-required-request-parameter", ERR, "the {name} is new and required",
        "required-request-parameter-removed", WARN, "the {name}, which was required, is gone",
    ),
    **_pair(
        "new-optional-request-parameter", INFO, "the {name} is new",
        "request-parameter-removed", WARN, "the {name} is gone",
    ),
    **_pair(
        "request-parameter-became-required", ERR, "the {name} is required",
        "request-parameter-became-optional", INFO, "the {name} is optional",
    ),
    "request-parameter-style-changed": Rule(
        ERR, _ITSELF, "the {name} is written as {new}, not as {old}"
    ),
    **_values("request-parameter", "the {name}", into=True),
    # request bodies
    **_pair(
        "request-body-added-required", ERR, "a body is required",
        "request-body-removed", WARN, "there is no body any more",
    ),
    "request-body-added-optional": Rule(
        INFO, "", "a body may be sent", "request-body-removed tells both: the body is not read"
    ),
    **_pair(
        "request-body-became-required", ERR, "the body is required",
        "request-body-became-optional", INFO, "the body is optional",
    ),
    **_pair(
        "request-body-media-type-removed", ERR, "the body is no longer {old}",
        "request-body-media-type-added", INFO, "the body may be {new}",
    ),
    **_pair(
        "new-required-request-property", ERR, "{name} is new and required",
        "required-request-property-removed", WARN, "{name}, which was required, is gone",
    ),
    "new-required-request-property-with-default": Rule(
        INFO, "", "{name} is new and required, with a default",
        "required-request-property-removed tells both: the default is gone with it",
    ),
    **_pair(
        "new-optional-request-property", INFO, "{name} is new",
        "request-property-removed", WARN, "{name} is gone",
    ),
    "request-property-removed-from-closed": Rule(
        ERR, "", "{name} is gone, and is refused where it is sent",
        "new-optional-request-property tells both: what is new was refused before",
    ),
    **_pair(
        "request-property-became-required", ERR, "{name} is required",
        "request-property-became-optional", INFO, "{name} is optional",
    ),
    "request-property-became-required-with-default": Rule(
        INFO, "", "{name} is required, with a default",
        "request-property-became-optional tells both: nobody has to change",
    ),
    **_values("request-property", "{name}", into=True),
    # answers
    **_pair(
        "response-success-status-removed", ERR, "the status is gone",
        "response-success-status-added", INFO, "the status is new",
    ),
    **_pair(
        "response-non-success-status-removed", INFO, "the status is gone",
        "response-non-success-status-added", INFO, "the status is new",
    ),
    **_pair(
        "response-media-type-removed", ERR, "the answer is no longer {old}",
        "response-media-type-added", INFO, "the answer may be {new}",
    ),
    **_pair(
        "response-required-property-removed", ERR, "{name} is gone",
        "response-required-property-added", INFO, "{name} is new",
    ),
    **_pair(
        "response-optional-property-removed", WARN, "{name}, which was optional, is gone",
        "response-optional-property-added", INFO, "{name} is new, and optional",
    ),
    **_pair(
        "response-property-became-optional", ERR, "{name} may be missing",
        "response-property-became-required", INFO, "{name} is always there",
    ),
    **_pair(
        "required-response-header-removed", ERR, "the {name} is gone",
        "required-response-header-added", INFO, "the {name} is new",
    ),
    **_pair(
        "optional-response-header-removed", WARN, "the {name}, which was optional, is gone",
        "optional-response-header-added", INFO, "the {name} is new, and optional",
    ),
    **_pair(
        "response-header-became-optional", ERR, "the {name} may be missing",
        "response-header-became-required", INFO, "the {name} is always there",
    ),
    **_values("response-header", "the {name}", into=False),
    **_values("response-property", "{name}", into=False),
}  # fmt: skip
"""All rules by id."""


class Change(NamedTuple):
    """One change.

    Attributes:
        operation: The operationId.
        rule: Its id in `RULES`.
        status: Of the answer it is in; "" for requests and whole operations.
        part: "operation", "path", "query", "headers" or "body".
        pointer: JSON pointer of the place; array items are "[]", other properties "*".
        message: What changed, in words.
    """

    operation: str
    rule: str
    status: str
    part: str
    pointer: str
    message: str

    @property
    def level(self) -> Level:
        """How grave it is."""
        return RULES[self.rule].level

    def finding(self, *, used: bool = True) -> Finding:
        """Return it as a finding; what nobody uses is a warning at most."""
        grave = self.level is Level.ERR and used
        return Finding(
            operation=self.operation,
            rule=self.rule,
            side=Side.CONTRACT,
            status=int(self.status) if self.status.isdigit() else 0,
            part=self.part,
            pointer=self.pointer,
            severity=Severity.ERROR if grave else Severity.WARNING,
            message=self.message if used else f"{self.message} (the suite does not call it)",
        )


class Place(NamedTuple):
    """Where in a contract the walk is.

    Attributes:
        operation: The operationId.
        prefix: What the rules of values begin with there, as "request-property".
        part: As `Change` has it.
        status: Of the answer; "" elsewhere.
        tokens: The way down from the part.
        name: How messages call the place; "" takes the pointer.
    """

    operation: str
    prefix: str
    part: str
    status: str = ""
    tokens: Tokens = ()
    name: str = ""

    def below(self, token: str) -> "Place":
        """Return the place of a part."""
        return self._replace(tokens=(*self.tokens, token))

    def change(self, rule: str, old: object = "", new: object = "") -> Change:
        """Return a change at this place."""
        pointer = pointer_to(self.tokens)
        name = self.name or (pointer or "the body")
        words = RULES[rule].says.format(name=name, old=_shown(old), new=_shown(new))
        where = f"of status {self.status}: " if self.status else ""
        return Change(self.operation, rule, self.status, self.part, pointer, f"{where}{words}")

    def value(self, rule: str, old: object = "", new: object = "") -> Change:
        """Return a change of the value at this place."""
        return self.change(f"{self.prefix}-{rule}", old, new)

    @property
    def into(self) -> bool:
        """Whether the value is sent to the server."""
        return self.prefix.startswith("request")


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 80 else f"{text[:79]}…"  # noqa: PLR2004
