"""Labeled mutations of the bundled contracts: what changes, and whether it breaks clients."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Document = dict[str, Any]
BREAKS: Final = True
FINE: Final = False


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change of a contract.

    Attributes:
        rule: What must be told.
        breaking: Whether a client that was right may be wrong afterwards.
        change: Makes the change in a copy of the document.
        sign_de: Whether it is of SIGN DE's contract.
    """

    rule: str
    breaking: bool
    change: Callable[[Document], Any]
    sign_de: bool = False


def schema(name: str, change: Callable[[Any], Any]) -> Callable[[Document], Any]:
    return lambda document: change(document["components"]["schemas"][name])


def operation(path: str, method: str, change: Callable[[Any], Any]) -> Callable[[Document], Any]:
    return lambda document: change(document["paths"][path][method])


def put(**values: Any) -> Callable[[Any], Any]:
    return lambda node: node.update(values)


def drop(key: str) -> Callable[[Any], Any]:
    return lambda node: node.pop(key)


def at(*path: str | int) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    def inner(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def apply(node: Any) -> Any:
            for step in path:
                node = node[step]
            return change(node)

        return apply

    return inner


def prop(name: str, change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return at("properties", name)(change)


def new_prop(name: str, node: Any, *, required: bool = False) -> Callable[[Any], Any]:
    def apply(one: Any) -> None:
        one["properties"][name] = node
        if required:
            one["required"] = [*one.get("required", ()), name]

    return apply


def no_prop(name: str) -> Callable[[Any], Any]:
    def apply(one: Any) -> None:
        del one["properties"][name]
        one["required"] = [other for other in one.get("required", ()) if other != name]

    return apply


def require(name: str) -> Callable[[Any], Any]:
    return lambda one: one.update(required=[*one.get("required", ()), name])


def allow_missing(name: str) -> Callable[[Any], Any]:
    return lambda one: one.update(required=[other for other in one["required"] if other != name])


def header(name: str, change: Callable[[Any], Any]) -> Callable[[Document], Any]:
    return lambda document: change(document["components"]["headers"][name])


TEXT: Final = {"type": "string"}
LIST: Final = "/organizations"
KEYS: Final = "/organizations/{organization_id}/api-keys"


def limit_parameter(change: Callable[[Any], Any]) -> Callable[[Document], Any]:
    """Change the parameter `limit` of the list of organizations."""

    def apply(document: Document) -> None:
        for one in document["paths"][LIST]["get"]["parameters"]:
            found = one
            if "$ref" in one:
                found = document["components"]["parameters"][one["$ref"].rpartition("/")[2]]
            if found["name"] == "limit":
                change(found)

    return apply


def add_parameter(**more: Any) -> Callable[[Document], Any]:
    added = {"name": "added", "in": "query", "schema": TEXT, **more}
    return operation(LIST, "get", lambda node: node["parameters"].append(added))


def media_type(kind: str) -> Callable[[Any], Any]:
    return lambda node: node["content"].update({kind: {"schema": TEXT}})


OF_REQUESTS: Final[Mapping[str, Mutation]] = {
    # operations
    "operation gone": Mutation(
        "api-removed-without-deprecation",
        BREAKS,
        lambda document: document["paths"][KEYS].pop("post"),
    ),
    "path gone": Mutation(
        "api-removed-without-deprecation", BREAKS, lambda document: document["paths"].pop("/auth")
    ),
    "operation new": Mutation(
        "endpoint-added",
        FINE,
        lambda document: document["paths"].update(
            {"/new": {"get": {"operationId": "new", "responses": {"200": {"description": "x"}}}}}
        ),
    ),
    "operation deprecated": Mutation(
        "endpoint-deprecated", FINE, operation(LIST, "get", put(deprecated=True))
    ),
    "operation guarded": Mutation(
        "api-security-added", BREAKS, operation("/auth", "post", drop("security"))
    ),
    "operation open": Mutation(
        "api-security-removed", FINE, operation(LIST, "get", put(security=[]))
    ),
    "another operationId": Mutation(
        "api-operation-id-changed", BREAKS, operation(LIST, "get", put(operationId="organizations"))
    ),
    # parameters
    "required parameter new": Mutation(
        "new-required-request-parameter", BREAKS, add_parameter(required=True)
    ),
    "optional parameter new": Mutation("new-optional-request-parameter", FINE, add_parameter()),
    "parameter gone": Mutation(
        "request-parameter-removed",
        BREAKS,
        operation(LIST, "get", lambda node: node["parameters"].pop()),
    ),
    "parameter required": Mutation(
        "request-parameter-became-required", BREAKS, limit_parameter(put(required=True))
    ),
    "limit lower": Mutation(
        "request-parameter-max-decreased", BREAKS, limit_parameter(at("schema")(put(maximum=10)))
    ),
    "limit higher": Mutation(
        "request-parameter-max-increased",
        FINE,
        limit_parameter(at("schema")(put(maximum=100_000))),
    ),
    "limit unbounded": Mutation(
        "request-parameter-max-unset", FINE, limit_parameter(at("schema")(drop("maximum")))
    ),
    "least limit higher": Mutation(
        "request-parameter-min-increased", BREAKS, limit_parameter(at("schema")(put(minimum=5)))
    ),
    "least limit lower": Mutation(
        "request-parameter-min-decreased", FINE, limit_parameter(at("schema")(put(minimum=0)))
    ),
    "default changed": Mutation(
        "request-parameter-default-value-changed",
        BREAKS,
        limit_parameter(at("schema")(put(default=7))),
    ),
    "limit a text": Mutation(
        "request-parameter-type-changed", BREAKS, limit_parameter(at("schema")(put(type="string")))
    ),
    "limit any number": Mutation(
        "request-parameter-type-generalized",
        FINE,
        limit_parameter(at("schema")(put(type="number"))),
    ),
    # request bodies
    "body optional": Mutation(
        "request-body-became-optional",
        FINE,
        operation("/auth", "post", at("requestBody")(put(required=False))),
    ),
    "body of another media type": Mutation(
        "request-body-media-type-removed",
        BREAKS,
        operation(
            LIST,
            "post",
            at("requestBody", "content")(
                lambda node: node.update({"text/json": node.pop("application/json")})
            ),
        ),
    ),
    "body of one more media type": Mutation(
        "request-body-media-type-added",
        FINE,
        operation(LIST, "post", at("requestBody")(media_type("text/plain"))),
    ),
    "required property new": Mutation(
        "new-required-request-property",
        BREAKS,
        schema("ApiKeyCreate", new_prop("kind", TEXT, required=True)),
    ),
    "required property new, with a default": Mutation(
        "new-required-request-property-with-default",
        FINE,
        schema("ApiKeyCreate", new_prop("kind", {"type": "string", "default": "x"}, required=True)),
    ),
    "optional property new": Mutation(
        "new-optional-request-property", FINE, schema("ApiKeyUpdate", new_prop("name", TEXT))
    ),
    "property gone from a closed body": Mutation(
        "request-property-removed-from-closed", BREAKS, schema("ApiKeyUpdate", no_prop("metadata"))
    ),
    "property gone from an open body": Mutation(
        "request-property-removed",
        BREAKS,
        schema("TssCreateRequest", no_prop("metadata")),
        sign_de=True,
    ),
    "property required": Mutation(
        "request-property-became-required", BREAKS, schema("ApiKeyUpdate", require("status"))
    ),
    "property optional": Mutation(
        "request-property-became-optional", FINE, schema("UserInvitation", allow_missing("email"))
    ),
    "request value gone": Mutation(
        "request-property-enum-value-removed",
        BREAKS,
        schema("TssUpdateRequest", prop("state", at("enum")(lambda node: node.remove("DISABLED")))),
        sign_de=True,
    ),
    "request value new": Mutation(
        "request-property-enum-value-added",
        FINE,
        schema("TssUpdateRequest", prop("state", at("enum")(lambda node: node.append("OFF")))),
        sign_de=True,
    ),
    "request property a closed list": Mutation(
        "request-property-became-enum",
        BREAKS,
        schema("UserInvitation", prop("first_name", put(enum=["a"]))),
    ),
    "request text longer at least": Mutation(
        "request-property-min-length-increased",
        BREAKS,
        schema("BillingAddressCreate", prop("zip", put(minLength=4))),
    ),
    "request text may be empty": Mutation(
        "request-property-min-length-unset",
        FINE,
        schema("BillingAddressCreate", prop("zip", drop("minLength"))),
    ),
    "request text shorter at most": Mutation(
        "request-property-max-length-decreased",
        BREAKS,
        schema("UserInvitation", prop("email", put(maxLength=100))),
    ),
    "request text longer at most": Mutation(
        "request-property-max-length-increased",
        FINE,
        schema("UserInvitation", prop("email", put(maxLength=300))),
    ),
    "request text bounded": Mutation(
        "request-property-max-length-set",
        BREAKS,
        schema("UserInvitation", prop("last_name", put(maxLength=50))),
    ),
    "request pattern new": Mutation(
        "request-property-pattern-added",
        BREAKS,
        schema("UserInvitation", prop("last_name", put(pattern="^A"))),
    ),
    "request pattern gone": Mutation(
        "request-property-pattern-removed",
        FINE,
        schema("UserInvitation", prop("email", drop("pattern"))),
    ),
    "request pattern changed": Mutation(
        "request-property-pattern-changed",
        BREAKS,
        schema("UserInvitation", prop("email", put(pattern="^a@b$"))),
    ),
    "request property of another type": Mutation(
        "request-property-type-changed",
        BREAKS,
        schema("UserInvitation", prop("last_name", put(type="integer"))),
    ),
    "request property of a format": Mutation(
        "request-property-type-specialized",
        BREAKS,
        schema("UserInvitation", prop("last_name", put(format="uuid"))),
    ),
    "request property of any type": Mutation(
        "request-property-type-generalized",
        FINE,
        schema("UserInvitation", prop("last_name", drop("type"))),
    ),
    "request property may be null": Mutation(
        "request-property-became-nullable",
        FINE,
        schema("UserInvitation", prop("last_name", put(nullable=True))),
    ),
    "request body closed": Mutation(
        "request-property-additional-properties-forbidden",
        BREAKS,
        schema("ClientUpdateRequest", put(additionalProperties=False)),
        sign_de=True,
    ),
    "request body open": Mutation(
        "request-property-additional-properties-allowed",
        FINE,
        schema("UserInvitation", put(additionalProperties=True)),
    ),
    "one way of logging in gone": Mutation(
        "request-property-one-of-removed",
        BREAKS,
        schema("AuthenticationRequest", at("oneOf")(lambda node: node.pop())),
    ),
    "one way of logging in new": Mutation(
        "request-property-one-of-added",
        FINE,
        schema(
            "AuthenticationRequest",
            at("oneOf")(lambda node: node.append({"title": "Card", **TEXT})),
        ),
    ),
    "fewer items": Mutation(
        "request-property-max-items-decreased",
        BREAKS,
        schema("Receipt", prop("amounts_per_vat_rate", put(maxItems=5))),
        sign_de=True,
    ),
    "fewer properties": Mutation(
        "request-property-max-properties-decreased",
        BREAKS,
        schema("SentMetadata", put(maxProperties=5)),
        sign_de=True,
    ),
}
