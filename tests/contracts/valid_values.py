"""Random values that a schema of the contract accepts, or nearly: every kind of branch is taken."""

import re
from collections.abc import Mapping
from random import Random
from re import _constants as kinds
from re import _parser
from typing import Any

from contracts.odd_values import FORMATS
from fiskaly_contracts.fields import resolve
from fiskaly_contracts.strictness import ecma_pattern

Schema = Mapping[str, Any]
_DEPTH = 6
_LETTERS = "abcxyz019_-. AZ\u00fc\U0001f600"


class Maker:
    """Makes values for the schemas of one document, the same ones for the same seed."""

    def __init__(self, document: Schema, random: Random) -> None:
        self._document = document
        self._random = random

    def value(self, schema: Schema, depth: int = 0) -> Any:
        """Return a value that the schema most likely accepts."""
        flat = self.flat(schema)
        if flat.get("nullable") and self._random.random() < 0.1:
            return None
        if "enum" in flat:
            return self._random.choice(flat["enum"])
        kind = flat.get("type") or ("object" if "properties" in flat else "string")
        if kind == "object":
            return self._object(flat, depth)
        if kind == "array":
            return self._array(flat, depth)
        return self._scalar(kind, flat)

    def _scalar(self, kind: str, flat: Schema) -> Any:
        if kind == "boolean":
            return self._random.random() < 0.5
        if kind == "string":
            return self._text(flat)
        return self._number(flat, whole=kind == "integer")

    def flat(self, schema: Schema) -> dict[str, Any]:
        """Merge a schema with all of `allOf` and one branch of each choice."""
        found = dict(resolve(self._document, schema))
        parts = [*found.get("allOf", ())]
        parts += [
            self._random.choice(found[choice]) for choice in ("oneOf", "anyOf") if choice in found
        ]
        for part in parts:
            other = self.flat(part)
            closed = other.get("additionalProperties") is False
            inherited = {} if closed else found.get("properties", {})
            found = {
                **other,
                **found,
                "properties": {**inherited, **other.get("properties", {})},
                "required": [*found.get("required", ()), *other.get("required", ())],
            }
        return found

    def _object(self, flat: Schema, depth: int) -> dict[str, Any]:
        made = {}
        required = flat.get("required", ())
        for name, declared in flat.get("properties", {}).items():
            if name in required or (depth < _DEPTH and self._random.random() < 0.5):
                made[name] = self.value(declared, depth + 1)
        made |= {name: "x" for name in required if name not in flat.get("properties", {})}
        others = flat.get("additionalProperties", True)
        if others is not False and depth < _DEPTH:
            longest = flat.get("x-key-max-length", 8)
            for number in range(self._random.randrange(min(4, flat.get("maxProperties", 4) + 1))):
                name = f"k{number}{'x' * longest}"[:longest]
                made[name] = self.value(others if isinstance(others, Mapping) else {}, depth + 1)
        return made

    def _array(self, flat: Schema, depth: int) -> list[Any]:
        least = flat.get("minItems", 0)
        most = least if depth >= _DEPTH else flat.get("maxItems", least + 3)
        count = self._random.randint(least, max(least, min(most, least + 3)))
        made = [self.value(flat.get("items", {}), depth + 1) for _ in range(count)]
        if flat.get("uniqueItems"):
            return [item for index, item in enumerate(made) if item not in made[:index]]
        return made

    def _number(self, flat: Schema, *, whole: bool) -> float:
        low: float = flat.get("minimum", -10)
        high: float = min(flat.get("maximum", low + 1000), low + 10_000)
        step: float = flat.get("multipleOf", 0)
        if step:
            return self._random.randint(0, 20) * step
        if whole:
            return self._random.choice(
                [int(low), int(high), self._random.randint(int(low), int(high))]
            )
        return self._random.choice([low, high, int(high), self._random.uniform(low, high)])

    def _text(self, flat: Schema) -> str:
        if flat.get("format") in FORMATS and "pattern" not in flat:
            if self._random.random() < 0.5:
                return FORMATS[flat["format"]][0]
            examples = FORMATS[flat["format"]]
            return self._random.choice(examples) or "s3cret"
        if "pattern" in flat:
            return self.matching(flat["pattern"])
        least = flat.get("minLength", 0)
        most = min(flat.get("maxLength", least + 20), least + 20)
        count = self._random.choice([least, most, self._random.randint(least, most)])
        return "".join(self._random.choices(_LETTERS, k=count))

    def matching(self, pattern: str) -> str:
        """Return a text in which the pattern is found."""
        return self._match(_parser.parse(ecma_pattern(pattern).pattern, re.ASCII))

    def _match(self, parts: Any) -> str:
        return "".join(self._piece(kind, argument) for kind, argument in parts)

    def _piece(self, kind: Any, argument: Any) -> str:
        made = ""  # anchors, and looks ahead or back: what is made will be refused, or not
        if kind is kinds.LITERAL:
            made = chr(argument)
        elif kind is kinds.NOT_LITERAL:
            made = chr(argument + 1)
        elif kind is kinds.IN:
            made = self._member(argument)
        elif kind in (kinds.MAX_REPEAT, kinds.MIN_REPEAT):
            least, most, part = argument
            most = min(int(most), least + 4)
            times = range(self._random.randint(least, most))
            made = "".join(self._match(part) for _ in times)
        elif kind is kinds.SUBPATTERN:
            made = self._match(argument[3])
        elif kind is kinds.BRANCH:
            made = self._match(self._random.choice(argument[1]))
        return made

    def _member(self, members: Any) -> str:
        if members[0][0] is kinds.NEGATE:
            return self._random.choice("ax0Q-\u00fc")
        kind, argument = self._random.choice(members)
        if kind is kinds.RANGE:
            return chr(
                self._random.choice([argument[0], argument[1], self._random.randint(*argument)])
            )
        if kind is kinds.CATEGORY:
            return "7"
        return chr(argument)
