"""Labeled mutations of what servers answer, and of what means nothing to anybody."""

from collections.abc import Mapping
from typing import Final

from diff.mutations import (
    BREAKS,
    FINE,
    LIST,
    OF_REQUESTS,
    TEXT,
    Mutation,
    allow_missing,
    at,
    drop,
    header,
    new_prop,
    no_prop,
    operation,
    prop,
    put,
    require,
    schema,
)

MUTATIONS: Final[Mapping[str, Mutation]] = {
    **OF_REQUESTS,
    # answers
    "success status gone": Mutation(
        "response-success-status-removed",
        BREAKS,
        operation(
            LIST, "post", at("responses")(lambda node: node.update({"201": node.pop("200")}))
        ),
    ),
    "another refusal": Mutation(
        "response-non-success-status-added",
        FINE,
        operation(LIST, "get", at("responses")(put(**{"418": {"description": "x"}}))),
    ),
    "refusal gone": Mutation(
        "response-non-success-status-removed",
        FINE,
        operation(LIST, "post", at("responses")(drop("409"))),
    ),
    "answer of another media type": Mutation(
        "response-media-type-removed",
        BREAKS,
        operation(
            LIST,
            "get",
            at("responses", "200", "content")(
                lambda node: node.update({"text/json": node.pop("application/json")})
            ),
        ),
    ),
    "answer property gone": Mutation(
        "response-required-property-removed", BREAKS, schema("Session", no_prop("refresh_token"))
    ),
    "optional answer property gone": Mutation(
        "response-optional-property-removed", BREAKS, schema("User", no_prop("first_name"))
    ),
    "answer property new": Mutation(
        "response-required-property-added",
        FINE,
        schema("Session", new_prop("kind", TEXT, required=True)),
    ),
    "optional answer property new": Mutation(
        "response-optional-property-added", FINE, schema("Session", new_prop("kind", TEXT))
    ),
    "answer property may be missing": Mutation(
        "response-property-became-optional",
        BREAKS,
        schema("OrganizationList", allow_missing("count")),
    ),
    "answer property always there": Mutation(
        "response-property-became-required", FINE, schema("User", require("first_name"))
    ),
    "answer property may be null": Mutation(
        "response-property-became-nullable",
        BREAKS,
        schema("User", prop("first_name", put(nullable=True))),
    ),
    "count a text": Mutation(
        "response-property-type-changed", BREAKS, schema("Count", put(type="string"))
    ),
    "count any number": Mutation(
        "response-property-type-generalized", BREAKS, schema("Count", put(type="number"))
    ),
    "answer value new": Mutation(
        "response-property-enum-value-added",
        BREAKS,
        schema("ApiKey", prop("_type", at("enum")(lambda node: node.append("KEY")))),
    ),
    "answer value gone": Mutation(
        "response-property-enum-value-removed",
        FINE,
        schema("Transaction", prop("state", at("enum")(lambda node: node.remove("CANCELLED")))),
        sign_de=True,
    ),
    "answer value open": Mutation(
        "response-property-enum-removed", BREAKS, schema("ApiKey", prop("_type", drop("enum")))
    ),
    "answer pattern new": Mutation(
        "response-property-pattern-added", FINE, schema("User", prop("email", put(pattern="@")))
    ),
    "answer pattern gone": Mutation(
        "response-property-pattern-removed",
        BREAKS,
        schema("Tss", prop("serial_number", drop("pattern"))),
        sign_de=True,
    ),
    "answer number lower": Mutation(
        "response-property-min-unset", BREAKS, schema("Count", drop("minimum"))
    ),
    "answer open": Mutation(
        "response-property-additional-properties-allowed",
        BREAKS,
        schema("Session", put(additionalProperties=True)),
    ),
    "another kind of answer": Mutation(
        "response-property-one-of-added",
        BREAKS,
        schema(
            "AnyOrganization",
            at("oneOf")(lambda node: node.append({"title": "Other", "type": "object"})),
        ),
    ),
    "one kind of answer gone": Mutation(
        "response-property-one-of-removed",
        FINE,
        schema("AnyOrganization", at("oneOf")(lambda node: node.pop())),
    ),
    "header gone": Mutation(
        "required-response-header-removed",
        BREAKS,
        operation(LIST, "get", at("responses", "200", "headers")(drop("X-Request-Id"))),
    ),
    "header new": Mutation(
        "optional-response-header-added",
        FINE,
        operation(
            LIST, "get", at("responses", "200", "headers")(put(**{"X-New": {"schema": TEXT}}))
        ),
    ),
    "header may be missing": Mutation(
        "response-header-became-optional", BREAKS, header("X-Request-Id", put(required=False))
    ),
    "header of another form": Mutation(
        "response-header-pattern-changed",
        BREAKS,
        header("X-Request-Id", at("schema")(put(pattern="^[0-9a-f-]{36}$"))),
    ),
    # nothing
    "other words": Mutation(
        "", FINE, operation(LIST, "get", put(summary="x", description="y", tags=["z"]))
    ),
    "another example": Mutation("", FINE, schema("Id", put(example="x", description="y"))),
    "another order": Mutation(
        "",
        FINE,
        schema(
            "Session",
            lambda node: node.update(properties=dict(reversed(node["properties"].items()))),
        ),
    ),
    "another name of a path parameter": Mutation(
        "",
        FINE,
        lambda document: document["paths"].update(
            {"/billing-addresses/{id}": document["paths"].pop("/billing-addresses/{address_id}")}
        ),
    ),
    "a schema inlined": Mutation(
        "",
        FINE,
        lambda document: document["components"]["schemas"]["OrganizationList"]["properties"].update(
            count={**document["components"]["schemas"]["Count"]}
        ),
    ),
}
