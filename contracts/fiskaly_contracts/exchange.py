"""A request and a response as plain data, free of any web framework, and what the check says."""

import json
import re
from collections.abc import Mapping
from typing import NamedTuple

from fiskaly_contracts.json_value import JsonValue, shorten
from fiskaly_contracts.violations import Violation, Where, explain

JSON = "application/json"
"""The one media type of bodies."""
_PARAMETER = re.compile(r"""([^;="\s]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^;]*))?""")
"""A parameter of a media type: its name, and its value as it stands."""
_CHARSETS = frozenset({"utf-8", '"utf-8"'})
_NOTHING: Mapping[str, str] = {}  # nobody changes it; a proxy could not be pickled


class RequestData(NamedTuple):
    """What a client sent to one operation.

    Attributes:
        operation_id: The operation that the router found.
        path_parameters: Percent-decoded values by name.
        query: Percent-decoded pairs in the order they came; names may repeat.
        content_type: The header's value; "" where there was none.
        body: The raw bytes; b"" where there was none.
        headers: Only header parameters that the contract declares are looked at.
    """

    operation_id: str
    path_parameters: Mapping[str, str] = _NOTHING
    query: tuple[tuple[str, str], ...] = ()
    content_type: str = ""
    body: bytes = b""
    headers: Mapping[str, str] = _NOTHING


class ResponseData(NamedTuple):
    """What a server answered to one operation.

    Attributes:
        operation_id: The operation that was called.
        status: The HTTP status.
        content_type: The header's value; "" where there was none.
        body: The raw bytes; b"" where there was none.
        headers: The headers by name, or None to leave declared headers unchecked.
    """

    operation_id: str
    status: int
    content_type: str = ""
    body: bytes = b""
    headers: Mapping[str, str] | None = None


class CheckedRequest(NamedTuple):
    """A request after the check: what it says, and what is wrong with it.

    Attributes:
        body: The parsed body, ids in lower case; None where none was sent or described, or
            where it cannot be read.
        query: The declared query parameters, cast, with defaults; nobody changes it. Empty
            where the request is refused.
        path: The path parameters, ids in lower case.
        violations: All that was found, warnings and dropped properties included.
        refusing: Those of them that refuse the request.
    """

    body: JsonValue = None
    query: Mapping[str, JsonValue] = _NOTHING
    path: Mapping[str, str] = _NOTHING
    violations: tuple[Violation, ...] = ()
    refusing: tuple[Violation, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether the contract lets the request through."""
        return bool(self.refusing)

    @property
    def refusal_status(self) -> int:
        """The HTTP status of the refusal: 415 for the media type, else 400; 0 without one."""
        if not self.refusing:
            return 0
        return 415 if self.refusing[0].where is Where.MEDIA_TYPE else 400

    @property
    def message(self) -> str:
        """Every failing field and rule in one sentence; "" where nothing refuses (A-07)."""
        return explain(self.refusing)


def media_type_violation(operation_id: str, content_type: str | None) -> Violation | None:
    """Tell whether a body's media type is anything else than JSON in UTF-8.

    Other parameters than the charset say nothing of that. Source: assumption (A-35).

    >>> media_type_violation("authenticate", "application/json; charset=UTF-8") is None
    True
    >>> media_type_violation("authenticate", 'application/json; profile="x; charset=y"') is None
    True
    >>> media_type_violation("authenticate", "application/problem+json").rule
    'media-type'
    """
    media_type, _, parameters = (content_type or "").lower().partition(";")
    charsets = (value for name, value in _PARAMETER.findall(parameters) if name == "charset")
    if media_type.strip() == JSON and all(value.strip() in _CHARSETS for value in charsets):
        return None
    sent = shorten(content_type) if content_type else None
    return Violation(
        where=Where.MEDIA_TYPE,
        pointer="",
        rule="media-type",
        expected="application/json, with no charset but utf-8",
        got=sent,
        got_text=json.dumps(sent, ensure_ascii=False) if sent else "nothing",
        operation_id=operation_id,
    )


def other_media_type(operation_id: str, wanted: str, content_type: str) -> Violation | None:
    """Tell whether an answer that is to be no JSON has another media type than the contract's.

    >>> other_media_type("retrieveExportFile", "application/x-tar", "application/x-tar") is None
    True
    """
    if content_type.partition(";")[0].strip().lower() == wanted:
        return None
    return Violation(
        where=Where.MEDIA_TYPE,
        pointer="",
        rule="media-type",
        expected=wanted,
        got=shorten(content_type),
        got_text=json.dumps(shorten(content_type), ensure_ascii=False),
        operation_id=operation_id,
    )
