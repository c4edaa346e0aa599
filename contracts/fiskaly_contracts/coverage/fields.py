"""The fields a client may send to an operation, and which of them a request sent.

A field is named by a text:

- `/billing_options/gln`: a property of the body, as a JSON pointer; `*` stands for any item of an
  array. A free-form map, as `/metadata`, is one field, and so is an array of plain values.
- `?limit`: a query parameter.
- `(RefreshTokenAuthentication)`: a branch of the body's `oneOf`, by the name of its schema; of a
  `oneOf` further inside, `/payment(Card)`. Only objects have branches that can be told apart;
  `anyOf` and `allOf` lay conditions on one object and have none.

Path parameters are no fields, since no call leaves them out, nor are properties that a client
should not send: what is `readOnly` or `deprecated`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from fiskaly_contracts.document import Operation
from fiskaly_contracts.fields import branch_name, flatten, resolve
from fiskaly_contracts.json_value import JsonValue, Schema, pointer_to
from fiskaly_contracts.violations import Where

ITEM = "*"
"""The token of a pointer that stands for any item of an array."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One way to fill an object: a branch of `oneOf`, told from the others by its properties."""

    field: str
    required: frozenset[str]
    known: frozenset[str] | None
    choices: Mapping[str, Sequence[JsonValue]]

    @classmethod
    def of(cls, document: Schema, schema: Schema, name: str) -> Self | None:
        """Return the branch, None where the schema describes no properties."""
        level = list(flatten(document, [schema]))
        properties = {key: part for s in level for key, part in s.get("properties", {}).items()}
        if not properties:
            return None
        closed = any(s.get("additionalProperties") is False for s in level)
        resolved = {key: resolve(document, part) for key, part in properties.items()}
        return cls(
            field=name,
            required=frozenset(resolve(document, schema).get("required", ())),
            known=frozenset(properties) if closed else None,
            choices={key: part["enum"] for key, part in resolved.items() if "enum" in part},
        )

    def fits(self, value: Mapping[str, JsonValue]) -> bool:
        """Tell whether an object that keeps the contract may be this branch."""
        names = value.keys()
        if not self.required <= names or not (self.known is None or names <= self.known):
            return False
        for key, choices in self.choices.items():
            if key in value and value[key] not in choices:
                return False
        return True


@dataclass(slots=True)
class Place:
    """What may stand at one place of a body.

    Attributes:
        names: All that `fields` yields.
        unmet: Those of the properties that may still bring something new.
    """

    properties: "dict[str, tuple[str, Place]]" = field(default_factory=dict)
    items: "Place | None" = None
    branches: tuple[Branch, ...] = ()
    names: frozenset[str] = field(init=False)
    unmet: "dict[str, tuple[str, Place]]" = field(init=False)

    def __post_init__(self) -> None:
        self.names = frozenset(self.fields())
        self.unmet = dict(self.properties)

    def fields(self) -> Iterator[str]:
        """Yield every field here and below, branches first."""
        for branch in self.branches:
            yield branch.field
        for name, below in self.properties.values():
            yield name
            yield from below.fields()
        if self.items is not None:
            yield from self.items.fields()

    def collect(self, value: JsonValue, found: set[str]) -> None:
        """Add the fields that a value has; always to the same set."""
        if isinstance(value, dict):
            # Most bodies of a long life have nothing new
            if not self.unmet.keys().isdisjoint(value):
                self._collect_properties(value, found)
            if self.branches:
                self._collect_branch(value, found)
        elif isinstance(value, list) and self.items is not None:
            for item in value:
                self.items.collect(item, found)

    def _collect_properties(self, value: Mapping[str, JsonValue], found: set[str]) -> None:
        for key in self.unmet.keys() & value.keys():
            name, below = self.unmet[key]
            found.add(name)
            below.collect(value[key], found)
            if below.names <= found:
                del self.unmet[key]

    def _collect_branch(self, value: Mapping[str, JsonValue], found: set[str]) -> None:
        # If several fit, nobody knows which was meant
        for branch in self.branches:
            if branch.field in found and branch.fits(value):
                return
        fitting = [branch.field for branch in self.branches if branch.fits(value)]
        if len(fitting) == 1:
            found.add(fitting[0])


class RequestFields:
    """The fields of one operation's requests, and those of them that were sent.

    Attributes:
        names: Every field once, query parameters first.
        sent: Those that requests had so far.
    """

    def __init__(self, document: Schema, operation: Operation) -> None:
        """Read the fields from the contract.

        Raises:
            LookupError: A reference in the contract leads nowhere.
        """
        self._body = _Reader(document).place([operation.body_schema], (), ())
        self._query = {
            parameter.name: f"?{parameter.name}"
            for parameter in operation.parameters
            if parameter.where is Where.QUERY
        }
        self.names = tuple(dict.fromkeys((*self._query.values(), *self._body.fields())))
        self.sent: set[str] = set()

    def collect(self, query_names: Iterable[str], body: JsonValue) -> None:
        """Add the declared fields of a request; what the contract does not know is none."""
        self.sent.update(self._query[name] for name in query_names if name in self._query)
        self._body.collect(body, self.sent)


@dataclass(frozen=True, slots=True)
class _Reader:
    document: Schema

    def place(
        self,
        schemas: Iterable[Schema],
        tokens: tuple[str, ...],
        above: tuple[frozenset[int], ...],
    ) -> Place:
        level = list(flatten(self.document, schemas))
        identity = frozenset(map(id, level))
        if identity in above:  # a schema inside itself would have fields without end
            return Place()
        inside = (*above, identity)
        parts: dict[str, list[Schema]] = {}
        for schema in level:
            for key, part in schema.get("properties", {}).items():
                if not _excused(resolve(self.document, part)):
                    parts.setdefault(key, []).append(part)
        items = [schema["items"] for schema in level if "items" in schema]
        return Place(
            properties={
                key: (pointer_to((*tokens, key)), self.place(part, (*tokens, key), inside))
                for key, part in parts.items()
            },
            items=self.place(items, (*tokens, ITEM), inside) if items else None,
            branches=self._branches(level, pointer_to(tokens)),
        )

    def _branches(self, level: Iterable[Schema], pointer: str) -> tuple[Branch, ...]:
        found: list[Branch] = []
        for schema in level:
            references: list[Schema] = schema.get("oneOf", [])
            branches = [
                Branch.of(self.document, part, f"{pointer}({branch_name(part) or number})")
                for number, part in enumerate(references, 1)
            ]
            known = [branch for branch in branches if branch is not None]
            if len(known) == len(branches) > 1:
                found.extend(known)
        return tuple(found)


def _excused(schema: Schema) -> bool:
    return schema.get("readOnly") is True or schema.get("deprecated") is True
