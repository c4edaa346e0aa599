"""What one operation may answer with one status, compiled once: body, rows of a list, headers."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from fiskaly_contracts.breaches import by_declared_name, declared_response
from fiskaly_contracts.compiled.patterns import NoTranslationError
from fiskaly_contracts.compiled.schemas import KEYWORDS
from fiskaly_contracts.compiled.texts import TextPlan, header_plan
from fiskaly_contracts.compiled.validators import Accepts, Validators
from fiskaly_contracts.document import Operation
from fiskaly_contracts.fields import resolve
from fiskaly_contracts.json_value import JsonValue, Schema
from fiskaly_contracts.media_types import JSON

_ROWS = "data"
_INDEPENDENT = frozenset({"type", "items"})
_ENVELOPE = frozenset({"type", "properties", "required", "additionalProperties"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class AnswerPlan:
    """The compiled check of one operation's answers with one status.

    The checks take Python values that are yet to be written, and never raise; False means that the
    authority must be asked.

    Attributes:
        accepts: Tells of a whole body whether it is sure to be right; where the contract describes
            no body, of `None` alone, which stands for none.
        accepts_row: The same of one element of `data`; None where the body is no plain list.
        accepts_envelope: The same of the whole body with its `data` left empty; None likewise.
            An envelope and all its rows accepted is the whole accepted.
        has_body: Whether the contract describes a body.
    """

    accepts: Accepts
    accepts_row: Accepts | None
    accepts_envelope: Accepts | None
    has_body: bool
    headers: tuple[TextPlan, ...] | None

    def accepts_headers(self, headers: Mapping[str, str]) -> bool:
        """Tell whether all declared headers are sure to be right; names in any case."""
        plans = self.headers
        if plans is None:
            return False
        try:
            sent = by_declared_name(headers, {plan.name: None for plan in plans})
            for plan in plans:
                if plan.name in sent:
                    plan.read(sent[plan.name])
                elif plan.required:
                    return False
        except Exception:  # noqa: BLE001 - whatever it is, the authority will say it
            return False
        return True

    def accepts_own_headers(self, headers: Mapping[str, str]) -> bool:
        """Tell the same at less cost of headers that have their declared names.

        It is for who writes them and knows that no name stands there twice, in whatever
        case: only the one spelling is looked at.
        """
        if self.headers is None:
            return False
        try:
            for plan in self.headers:
                text = headers.get(plan.name)
                if text is None:
                    return self.accepts_headers(headers)
                if text not in plan.known:
                    plan.remember(text)
        except Exception:  # noqa: BLE001 - as above
            return False
        return True


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
    headers = _headers(document, declared, validators)
    if "content" not in declared:
        return AnswerPlan(
            accepts=_nothing,
            accepts_row=None,
            accepts_envelope=None,
            has_body=False,
            headers=headers,
        )
    media = declared["content"][JSON]
    schema: Schema = media.get("schema", {})
    accepts = _silent(validators.of_built(schema))
    rows = _rows(document, schema)
    return AnswerPlan(
        accepts=accepts,
        accepts_row=None if rows is None else _silent(validators.of_built(rows)),
        accepts_envelope=None if rows is None else accepts,
        has_body=True,
        headers=headers,
    )


def _silent(accepts: Accepts) -> Accepts:
    def answers(value: JsonValue) -> bool:
        try:
            return accepts(value)
        except Exception:  # noqa: BLE001 - as a text that is no UTF-8, where it is read
            return False

    return answers


def _nothing(value: JsonValue) -> bool:
    return value is None


def _headers(
    document: Schema, declared: Schema, validators: Validators
) -> tuple[TextPlan, ...] | None:
    try:
        return tuple(
            header_plan(document, resolve(document, header), name, validators)
            for name, header in declared.get("headers", {}).items()
            if name.lower() != "content-type"  # the media type has its own check
        )
    except NoTranslationError:
        return None


def _rows(document: Schema, schema: Schema) -> Schema | None:
    """Return the schema of a list's rows, if each of them can be checked apart from all else."""
    envelope = resolve(document, schema)
    data = envelope.get("properties", {}).get(_ROWS)
    if data is None or envelope.get("type") != "object" or _speaks(envelope, _ENVELOPE):
        return None
    rows = resolve(document, data)
    if rows.get("type") != "array" or "items" not in rows or _speaks(rows, _INDEPENDENT):
        return None
    found: Schema = rows["items"]
    return found


def _speaks(schema: Schema, unheard: AbstractSet[str]) -> bool:
    """Tell whether a schema has a keyword beside those, that may say something of a value."""
    return bool(KEYWORDS & schema.keys() - unheard)
