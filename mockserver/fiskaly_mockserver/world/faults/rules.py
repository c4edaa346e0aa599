"""Fault rules: which requests they count, which of those they strike, and with what."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from fiskaly_contracts import JsonValue

from fiskaly_mockserver.world.faults.effects import Delay, Effect, Kind, effect_of
from fiskaly_mockserver.world.faults.fields import Contradiction, Fields
from fiskaly_mockserver.world.faults.plan import Phase

JsonObject = dict[str, JsonValue]

DEFAULT_SEED = 1
MAX_SEED = 2**53 - 1
MAX_COUNT = 1_000_000


_BOTH = (Phase.BEFORE, Phase.AFTER)
_AFTER = (Phase.AFTER,)
PHASES: Mapping[Kind, tuple[Phase, ...]] = {
    Kind.STATUS: _BOTH,
    Kind.DELAY: _BOTH,
    Kind.SLOW_BODY: _AFTER,
    Kind.TRUNCATED_BODY: _AFTER,
    Kind.MALFORMED_JSON: _AFTER,
    Kind.BROKEN_CONTRACT: _AFTER,
    Kind.EMPTY_REPLY: _BOTH,
    Kind.CONNECTION_RESET: _BOTH,
    Kind.NO_ANSWER: _BOTH,
    Kind.EXPIRED_TOKEN: (Phase.BEFORE,),
    Kind.UNAUTHORIZED: (Phase.BEFORE,),
}
"""The phases that a kind may have, its default first."""


@dataclass(frozen=True, slots=True)
class Always:
    """Strike every request that matches."""


@dataclass(frozen=True, slots=True)
class First:
    """Strike the first so many requests that match."""

    count: int


@dataclass(frozen=True, slots=True)
class Every:
    """Strike each so-manyth request that matches: with 3 the third, the sixth and so on."""

    count: int


@dataclass(frozen=True, slots=True)
class Chance:
    """Strike each request that matches with a probability; same seed, same choices."""

    probability: float
    seed: int = DEFAULT_SEED


When: TypeAlias = Always | First | Every | Chance


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRule:
    """What goes wrong, and for which requests.

    Attributes:
        operation: The operationId that it is about; `None` for every one.
        path: A pattern of the path below the base path, with `*`, `?` and `[…]` as in
            file names (`*` spans slashes too); `None` for every one.
        method: `None` for every one.
    """

    effect: Effect | Delay
    phase: Phase
    when: When = Always()
    operation: str | None = None
    path: str | None = None
    method: str | None = None

    @classmethod
    def from_json(cls, value: object) -> "FaultRule":
        """Return the rule that a JSON object describes, defaults filled in.

        Whether it can ever strike is for `FaultPlan.arm` to say.

        Raises:
            FaultError: It describes none; the error names the field.
        """
        rule = Fields(value).only("operation", "path", "method", "when", "phase", "effect")
        effect = effect_of(rule.raw("effect"))
        phases = PHASES[effect.kind]
        if "phase" in rule and rule.one_of("phase", Phase) not in phases:
            reason = f"{effect.kind} has no such phase"
            raise Contradiction("phase", str(rule.raw("phase")), reason, phases)
        method = rule.text("method")
        default = First(1) if effect.kind is Kind.UNAUTHORIZED else Always()
        return cls(
            effect=effect,
            phase=Phase(rule.one_of("phase", Phase)) if "phase" in rule else phases[0],
            when=_when(rule.raw("when")) if "when" in rule else default,
            operation=rule.text("operation"),
            path=rule.text("path"),
            method=method.upper() if method else None,
        )

    def as_json(self) -> JsonObject:
        """Return it as `from_json` takes it, with the phase but without empty fields."""
        named = {"operation": self.operation, "path": self.path, "method": self.method}
        when = _when_as_json(self.when)
        return {
            **{name: value for name, value in named.items() if value is not None},
            **({"when": when} if when else {}),
            "phase": self.phase.value,
            "effect": self.effect.as_json(),
        }

    def strikes(self, seen: int, random: Random) -> bool:
        """Tell whether the `seen`th matching request (from 1) is struck."""
        match self.when:
            case Always():
                return True
            case First(count):
                return seen <= count
            case Every(count):
                return seen % count == 0
            case Chance(probability):
                return random.random() < probability


def _when(value: object) -> When:
    when = Fields(value, "when")
    named = [name for name in ("first", "every", "probability") if name in when]
    match named:
        case ["first"]:
            return First(when.only("first").whole("first", 1, MAX_COUNT))
        case ["every"]:
            return Every(when.only("every").whole("every", 1, MAX_COUNT))
        case ["probability"]:
            when.only("probability", "seed")
            probability = when.number("probability", 0, 1)
            if not probability:
                raise when.refuse("probability", "should be above 0: it would never strike")
            return Chance(probability, when.whole("seed", 0, MAX_SEED, DEFAULT_SEED))
        case _:
            when.only("first", "every", "probability", "seed")
            raise Fields({"when": value}).refuse(
                "when", "should name exactly one of first, every and probability"
            )


def _when_as_json(when: When) -> JsonObject:
    match when:
        case Always():
            return {}
        case First(count):
            return {"first": count}
        case Every(count):
            return {"every": count}
        case Chance(probability, seed):
            return {"probability": probability, "seed": seed}
