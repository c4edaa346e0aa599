"""Teach schemathesis the one rule of the control API that OpenAPI 3.0 has no keyword for."""

from typing import Any

import schemathesis

HEADER_NAME = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$"


@schemathesis.hook
def before_load_schema(context: schemathesis.HookContext, raw_schema: dict[str, Any]) -> None:
    """Say what the name of a header may be: JSON Schema's propertyNames is not looked at."""
    headers = raw_schema["components"]["schemas"]["Headers"]
    headers["patternProperties"] = {HEADER_NAME: headers["additionalProperties"]}
    headers["additionalProperties"] = False
