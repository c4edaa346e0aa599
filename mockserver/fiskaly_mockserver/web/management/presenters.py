"""Rows as the wire has them: the only place that spells the API's field names and order.

Source: recorded for the order of organizations, keys, sessions and lists; assumption
(A-49) for fields that no recording shows.
"""

from collections.abc import Iterable, Mapping, Sequence

from fiskaly_contracts import JsonValue

from fiskaly_mockserver.domain.account.billing_addresses import vat_id_has_form
from fiskaly_mockserver.domain.account.model import (
    ApiKey,
    BillingAddress,
    BillingOptions,
    Environment,
    Organization,
    User,
)
from fiskaly_mockserver.domain.account.sessions import OpenSession
from fiskaly_mockserver.web.call import JsonObject, Presenter, ShownRows

SUCCESS: Mapping[str, JsonValue] = {"_success": True}


def organization(row: Organization) -> JsonObject:
    """Show an organization; what is unset is absent (recorded; A-26, A-27)."""
    shown: Mapping[str, JsonValue] = {
        "display_name": row.display_name,
        "vat_id": row.vat_id,
        "contact_person_id": row.contact_person_id,
        "address_line1": row.address_line1,
        "address_line2": row.address_line2,
        "zip": row.zip,
        "town": row.town,
        "state": row.state,
        "country_code": row.country_code,
        "tax_number": row.tax_number,
        "economy_id": row.economy_id,
        "billing_options": billing_options(row.billing_options) if row.billing_options else "",
        "billing_address_id": row.billing_address_id,
        "metadata": {**row.metadata},
        "managed_configuration": (
            {"withhold_billing": row.managed_configuration.withhold_billing}
            if row.managed_configuration
            else ""
        ),
        "managed_by_organization_id": row.managed_by_organization_id or "",
    }
    return {
        "_id": row.id,
        "_type": row.type.value,
        "_envs": _envs(row.envs),
        "name": row.name,
        **{field: value for field, value in shown.items() if value},
        "created_by_user": row.created_by_user,
    }


def billing_options(options: BillingOptions) -> JsonObject:
    """Show billing options, just the fields that were given."""
    shown: Mapping[str, JsonValue] = {
        "gln": options.gln,
        "withhold_billing": options.withhold_billing,
        "bill_to_organization": options.bill_to_organization,
    }
    return {field: value for field, value in shown.items() if value is not None}


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


def listing_of(kind: str, present: Presenter, rows: Sequence[object], count: int) -> ShownRows:
    """Show a list of rows that are shown by themselves."""
    return ShownRows(listing(kind, (), count), present, rows)


def _envs(envs: tuple[Environment, ...]) -> list[JsonValue]:
    return [env.value for env in envs]


def _set(**fields: str) -> JsonObject:
    return {name: value for name, value in fields.items() if value}
