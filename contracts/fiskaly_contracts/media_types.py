"""The one media type of bodies: JSON in UTF-8."""

import json

from fiskaly_contracts.pointers import shorten
from fiskaly_contracts.violations import Violation, Where

JSON = "application/json"
_CHARSETS = frozenset({"utf-8", '"utf-8"'})


def media_type_violation(operation_id: str, content_type: str | None) -> Violation | None:
    """Tell whether a body's media type is anything else than JSON in UTF-8.

    Source: assumption (A-35).

    >>> media_type_violation("authenticate", "application/json; charset=UTF-8") is None
    True
    >>> media_type_violation("authenticate", "application/problem+json").rule
    'media-type'
    """
    media_type, *parameters = (content_type or "").lower().split(";")
    accepted = media_type.strip() == JSON
    for parameter in parameters:
        name, _, value = parameter.strip().partition("=")
        accepted = accepted and (not name or (name == "charset" and value in _CHARSETS))
    if accepted:
        return None
    return Violation(
        where=Where.MEDIA_TYPE,
        pointer="",
        rule="media-type",
        expected="application/json, with no charset but utf-8",
        got=shorten(content_type) if content_type else None,
        got_text=json.dumps(shorten(content_type), ensure_ascii=False)
        if content_type
        else "nothing",
        operation_id=operation_id,
    )
