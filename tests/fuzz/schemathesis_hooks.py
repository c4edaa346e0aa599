"""Teach schemathesis the one rule of the contract that OpenAPI 3.0 has no keyword for."""

from typing import Any

import schemathesis


@schemathesis.hook
def before_load_schema(context: schemathesis.HookContext, raw_schema: dict[str, Any]) -> None:
    """Say x-key-max-length in JSON Schema, so that valid data obeys it and invalid data tries it.

    JSON Schema's own propertyNames is not looked at in a document of OpenAPI 3.0.
    """
    for schema in raw_schema["components"]["schemas"].values():
        if "x-key-max-length" in schema:
            names = rf"^[\s\S]{{0,{schema['x-key-max-length']}}}$"
            schema["patternProperties"] = {names: schema["additionalProperties"]}
            schema["additionalProperties"] = False
