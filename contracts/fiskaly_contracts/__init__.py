"""The OpenAPI contract of the Management API, and the check of messages against it.

`Checker` is loaded on first use: who only reads the contract needs no compiled schemas.

>>> contract = Contract.bundled()
>>> contract.operations["authenticate"].method
'POST'
"""

from typing import TYPE_CHECKING, Any

from fiskaly_contracts.body import ParsedBody, parse_body
from fiskaly_contracts.document import Contract, Operation, Parameter
from fiskaly_contracts.exchange import (
    CheckedRequest,
    RequestData,
    ResponseData,
    media_type_violation,
)
from fiskaly_contracts.json_value import JsonValue, escaped, pointer_to, printable, tokens_of
from fiskaly_contracts.violations import Severity, Violation, Where, explain, meant
from fiskaly_contracts.wording import did_you_mean

if TYPE_CHECKING:
    from fiskaly_contracts.checker import AnswerPlan, Checker

__all__ = [
    "AnswerPlan",
    "CheckedRequest",
    "Checker",
    "Contract",
    "JsonValue",
    "Operation",
    "Parameter",
    "ParsedBody",
    "RequestData",
    "ResponseData",
    "Severity",
    "Violation",
    "Where",
    "did_you_mean",
    "escaped",
    "explain",
    "meant",
    "media_type_violation",
    "parse_body",
    "pointer_to",
    "printable",
    "tokens_of",
]


def __getattr__(name: str) -> Any:
    """Import `Checker` or `AnswerPlan` when it is first asked for (PEP 562)."""
    if name in {"AnswerPlan", "Checker"}:
        from fiskaly_contracts import checker  # noqa: PLC0415 - the point of PEP 562

        return getattr(checker, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
