"""Teach schemathesis the one rule of the contract that OpenAPI 3.0 has no keyword for.

And a check more: data that fits the contract is never told that it does not, also where the
state of things may stand against it with the same status.
"""

from http import HTTPStatus
from typing import Any

import schemathesis
from schemathesis import GenerationMode


@schemathesis.hook
def before_load_schema(
    context: schemathesis.HookContext,  # noqa: ARG001 - the library's signature
    raw_schema: dict[str, Any],
) -> None:
    """Say x-key-max-length in JSON Schema, so that valid data obeys it and invalid data tries it.

    JSON Schema's own propertyNames is not looked at in a document of OpenAPI 3.0.
    """
    for schema in raw_schema["components"]["schemas"].values():
        if "x-key-max-length" in schema:
            names = rf"^[\s\S]{{0,{schema['x-key-max-length']}}}$"
            schema["patternProperties"] = {names: schema["additionalProperties"]}
            schema["additionalProperties"] = False


@schemathesis.check
def valid_data_fails_no_schema(
    ctx: schemathesis.CheckContext,  # noqa: ARG001 - as above
    response: schemathesis.Response,
    case: schemathesis.Case[Any],
) -> None:
    """Demand another code than that of a failed validation for data drawn from the schemas."""
    drawn = case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE
    refused = response.status_code == HTTPStatus.BAD_REQUEST
    if drawn and refused and b"E_FAILED_SCHEMA_VALIDATION" in response.content:
        raise AssertionError(response.text)
