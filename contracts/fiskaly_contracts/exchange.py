"""A request and a response as plain data, free of any web framework."""

from collections.abc import Mapping
from typing import NamedTuple

from fiskaly_contracts.json_value import JsonValue
from fiskaly_contracts.violations import Violation

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


class Accepted(NamedTuple):
    """What the contract lets a request through with.

    Attributes:
        body: The parsed body; None where none was sent, or none is described.
        query: The declared query parameters, cast, with defaults; nobody changes it.
        warnings: One for each query parameter that the contract does not know.
    """

    body: JsonValue
    query: Mapping[str, JsonValue]
    warnings: tuple[Violation, ...] = ()
