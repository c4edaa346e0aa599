"""What one operation may answer with one status, compiled once: body, rows of a list, headers."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from fiskaly_contracts.body import MAX_DEPTH, opened
from fiskaly_contracts.compiled.errors import Accepts
from fiskaly_contracts.compiled.parameters import ParameterPlan, header_plan
from fiskaly_contracts.compiled.schemas import KEYWORDS
from fiskaly_contracts.compiled.validators import CompiledSchema, Validators
from fiskaly_contracts.document import (
    Operation,
    answered_headers,
    by_declared_name,
    declared_response,
)
from fiskaly_contracts.exchange import JSON
from fiskaly_contracts.fields import resolve
from fiskaly_contracts.json_value import JsonValue, Schema
from fiskaly_contracts.schema_errors import Place
from fiskaly_contracts.violations import Violation, Where
from fiskaly_contracts.wording import missing

_ROWS = "data"
_INDEPENDENT = frozenset({"type", "items"})
_ENVELOPE = frozenset({"type", "properties", "required", "additionalProperties"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class AnswerPlan:
    """The compiled check of one operation's answers with one status.

    The checks take Python values that are yet to be written, and never raise.

    Attributes:
        operation_id: The operation.
        whole: The check of a whole body; where the contract describes no body it takes `None`
            alone, which stands for none.
        rows_apart: Whether the body is a plain list: each element of its `data` is right or wrong
            apart from all else.
        has_body: Whether the contract describes a body.
        media_type: Of a body that is no JSON, which is not looked into; "" otherwise.
        body: The schema of the body; None where there is none.
        headers: The declared headers.
    """

    operation_id: str
    whole: Accepts
    rows_apart: bool = False
    has_body: bool
    body: CompiledSchema | None
    headers: tuple[ParameterPlan, ...]
    media_type: str = ""

    def accepts(self, value: JsonValue) -> bool:
        """Tell whether a whole body is right.

        Where it is a plain list, that is also so if it is right with a part of its `data`, and
        with the rest.
        """
        try:
            return self.whole(value)
        except Exception:  # noqa: BLE001 - as a text that is no UTF-8, where it is read
            return False

    def accepts_written(self, value: JsonValue, raw: bytes) -> bool:
        """Tell the same, at less cost, of a value that was written as `raw`: no JSON it is not."""
        if self.body is None or opened(raw) > MAX_DEPTH:
            return self.accepts(value)
        return self.body.accepts_quietly(value)

    def accepts_headers(self, headers: Mapping[str, str]) -> bool:
        """Tell whether all declared headers are right; names in any case."""
        try:
            sent = by_declared_name(headers, (plan.name for plan in self.headers))
            for plan in self.headers:
                if plan.name in sent:
                    plan.read(sent[plan.name])
                elif plan.required:
                    return False
        except Exception:  # noqa: BLE001 - whatever it is, `header_violations` says it
            return False
        return True

    def accepts_own_headers(self, headers: Mapping[str, str]) -> bool:
        """Tell the same at less cost of headers that have their declared names.

        It is for who writes them and knows that no name stands there twice, in whatever
        case: only the one spelling is looked at.
        """
        try:
            for plan in self.headers:
                if not plan.accepts(headers[plan.name]):  # as of a number, which is a text here
                    return self.accepts_headers(headers)
        except (LookupError, ValueError):
            return self.accepts_headers(headers)
        return True

    def header_violations(self, headers: Mapping[str, str]) -> list[Violation]:
        """Say what is wrong with the declared headers; names in any case."""
        sent = by_declared_name(headers, (plan.name for plan in self.headers))
        found: list[Violation] = []
        for plan in self.headers:
            if plan.name in sent:
                found += plan.violations(self.operation_id, [sent[plan.name]])
            elif plan.required:
                found.append(missing(self.operation_id, Where.HEADER, plan.name))
        return found

    def body_violations(self, value: JsonValue) -> list[Violation]:
        """Say what is wrong with a body that was read."""
        return [] if self.body is None else self.body.violations(value, self._place())

    def built_violations(self, value: JsonValue) -> list[Violation]:
        """Say what is wrong with a body that is yet to be written."""
        return [] if self.body is None else self.body.violations_built(value, self._place())

    def _place(self) -> Place:
        return Place(where=Where.BODY, operation_id=self.operation_id)


def answer_plan(
    document: Schema, operation: Operation, status: int, validators: Validators
) -> AnswerPlan | None:
    """Compile an operation's answers with a status; None where the contract has no such.

    Raises:
        NoTranslationError: It says something that has no exact counterpart.
        LookupError: A reference leads nowhere.
    """
    declared = declared_response(document, operation, status)
    if declared is None:
        return None
    nodes = declared.get("headers", {})
    headers = tuple(
        header_plan(resolve(document, nodes[one.name]), one, validators)
        for one in answered_headers(document, declared)
    )
    name = operation.operation_id
    if "content" not in declared:
        return AnswerPlan(
            operation_id=name, whole=_nothing, has_body=False, body=None, headers=headers
        )
    content = declared["content"]
    if _is_one_file(content):
        return AnswerPlan(
            operation_id=name,
            whole=_nothing,
            has_body=True,
            body=None,
            headers=headers,
            media_type=next(iter(content)),
        )
    schema: Schema = content[JSON].get("schema", {})
    body = validators.of(schema, writing=False)
    return AnswerPlan(
        operation_id=name,
        whole=body.accepts_built(),
        rows_apart=_has_rows_apart(document, schema),
        has_body=True,
        body=body,
        headers=headers,
    )


def _nothing(value: JsonValue) -> bool:
    return value is None


def _has_rows_apart(document: Schema, schema: Schema) -> bool:
    """Tell whether it describes a list of which each row can be checked apart from all else."""
    envelope = resolve(document, schema)
    data = envelope.get("properties", {}).get(_ROWS)
    if data is None or envelope.get("type") != "object" or _speaks(envelope, _ENVELOPE):
        return False
    rows = resolve(document, data)
    return rows.get("type") == "array" and "items" in rows and not _speaks(rows, _INDEPENDENT)


def _speaks(schema: Schema, unheard: AbstractSet[str]) -> bool:
    """Tell whether a schema has a keyword beside those, that may say something of a value."""
    return bool(KEYWORDS & schema.keys() - unheard)


def _is_one_file(content: Schema) -> bool:
    """Tell whether an answer is a file of one media type, which nobody looks into."""
    schemas = [media.get("schema", {}) for media in content.values()]
    return len(schemas) == 1 and schemas[0].get("format") == "binary"
