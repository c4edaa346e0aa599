"""Rows as the wire has them: the only place that spells the API's field names and order.

Source: recorded for the order of organizations, keys, sessions and lists; assumption
(A-49) for fields that no recording shows.
"""

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter

from fiskaly_contracts import JsonValue

from fiskaly_mockserver.domain.account.billing_addresses import vat_id_has_form
from fiskaly_mockserver.domain.account.model import (
    ApiKey,
    BillingAddress,
    BillingOptions,
    Environment,
    ManagedConfiguration,
    Organization,
    User,
)
from fiskaly_mockserver.domain.account.sessions import OpenSession
from fiskaly_mockserver.web.api import JsonObject, PresentedRows, Presenter

SUCCESS: Mapping[str, JsonValue] = {"_success": True}


_value_of = attrgetter("_value_")


def organization(row: Organization) -> JsonObject:  # noqa: C901 - a field, a line
    """Show an organization; what is unset is absent (recorded; A-26, A-27)."""
    shown: JsonObject = {
        "_id": row.id,
        "_type": _value_of(row.type),
        "_envs": _envs(row.envs),
        "name": row.name,
    }
    if row.display_name:
        shown["display_name"] = row.display_name
    if row.vat_id:
        shown["vat_id"] = row.vat_id
    if row.contact_person_id:
        shown["contact_person_id"] = row.contact_person_id
    shown["address_line1"] = row.address_line1
    if row.address_line2:
        shown["address_line2"] = row.address_line2
    shown["zip"] = row.zip
    shown["town"] = row.town
    if row.state:
        shown["state"] = row.state
    shown["country_code"] = row.country_code
    if row.tax_number:
        shown["tax_number"] = row.tax_number
    if row.economy_id:
        shown["economy_id"] = row.economy_id
    if row.billing_options is not None and (options := billing_options(row.billing_options)):
        shown["billing_options"] = options
    if row.billing_address_id:
        shown["billing_address_id"] = row.billing_address_id
    if row.metadata:
        shown["metadata"] = {**row.metadata}
    if row.managed_configuration:
        shown["managed_configuration"] = managed_configuration(row.managed_configuration)
    if row.managed_by_organization_id:
        shown["managed_by_organization_id"] = row.managed_by_organization_id
    shown["created_by_user"] = row.created_by_user
    return shown


def managed_configuration(configuration: ManagedConfiguration) -> JsonObject:
    """Show a managed configuration."""
    return {"withhold_billing": configuration.withhold_billing}


def billing_options(options: BillingOptions) -> JsonObject:
    """Show billing options, just the fields that were given."""
    shown: JsonObject = {}
    if options.gln is not None:
        shown["gln"] = options.gln
    if options.withhold_billing is not None:
        shown["withhold_billing"] = options.withhold_billing
    if options.bill_to_organization is not None:
        shown["bill_to_organization"] = options.bill_to_organization
    return shown


def api_key(row: ApiKey, *, secret: str | None = None) -> JsonObject:
    """Show an API key, with its secret only in the answer to its creation (recorded).

    Unlike an organization it shows `{}` and `""` where nothing is set.
    """
    return {
        "_id": row.id,
        "_type": "MANAGED_API_KEY" if row.managed_by_organization_id else "API_KEY",
        "_envs": _envs((row.env,)),
        "key": row.key,
        **({} if secret is None else {"secret": secret}),
        "created_at": row.created_at,
        "created_by_user": row.created_by_user,
        "name": row.name,
        "status": row.status.value,
        "metadata": {**row.metadata},
        "managed_by_organization_id": row.managed_by_organization_id or "",
    }


def user(row: User, envs: tuple[Environment, ...]) -> JsonObject:
    """Show a user as part of an organization that has `envs` (A-52)."""
    return {
        "_id": row.id,
        "_type": "USER",
        "_envs": _envs(envs),
        "email": row.email,
        **_set(first_name=row.first_name, last_name=row.last_name),
    }


def billing_address(row: BillingAddress, envs: tuple[Environment, ...]) -> JsonObject:
    """Show a billing address of an organization that has `envs` (A-52)."""
    return {
        "_id": row.id,
        "_type": "BILLING_ADDRESS",
        "_envs": _envs(envs),
        "recipient": row.recipient,
        "address_line1": row.address_line1,
        **_set(address_line2=row.address_line2),
        "zip": row.zip,
        "town": row.town,
        "country_code": row.country_code,
        **_set(display_name=row.display_name, vat_id=row.vat_id),
        **({"vat_id_valid": vat_id_has_form(row.vat_id)} if row.vat_id else {}),
    }


def session(opened: OpenSession) -> JsonObject:
    """Show a session with the seconds that its tokens have left (recorded)."""
    held = opened.session
    return {
        "access_token": held.access_token,
        "access_token_claims": {
            "env": held.env.value,
            "organization_id": held.organization_id,
        },
        "access_token_expires_in": opened.access_expires_in,
        "access_token_expires_at": held.access_expires_at,
        "refresh_token": held.refresh_token,
        "refresh_token_expires_in": opened.refresh_expires_in,
        "refresh_token_expires_at": held.refresh_expires_at,
    }


def listing(kind: str, rows: Iterable[JsonObject], count: int) -> JsonObject:
    """Show a list: its page, the size of the whole, its type (recorded order)."""
    return {"data": list(rows), "count": count, "_type": kind}


def listing_of(kind: str, present: Presenter, rows: Sequence[object], count: int) -> PresentedRows:
    """Show a list of rows that are shown by themselves."""
    return PresentedRows(listing(kind, (), count), present, rows)


def _envs(envs: tuple[Environment, ...]) -> list[JsonValue]:
    return [*map(_value_of, envs)]


def _set(**fields: str) -> JsonObject:
    return {name: value for name, value in fields.items() if value}
