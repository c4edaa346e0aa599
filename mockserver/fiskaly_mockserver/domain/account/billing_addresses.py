"""Billing addresses of the caller's own organization (R10).

They belong to the organization that the caller's token names.
Source: assumption (A-41).
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TypedDict

from fiskaly_mockserver.domain.account.access import Principal, said
from fiskaly_mockserver.domain.account.errors import BillingAddressInUse, BillingAddressNotFound
from fiskaly_mockserver.domain.account.model import BillingAddress, BillingAddressId
from fiskaly_mockserver.domain.backend import Backend
from fiskaly_mockserver.domain.store import Page, Paging, SortKey, paged


class Recipient(TypedDict, total=False):
    """What a caller may say about a billing address."""

    recipient: str
    address_line1: str
    zip: str
    town: str
    country_code: str
    address_line2: str
    display_name: str
    vat_id: str


_VAT_ID = re.compile(r"[A-Z]{2}[0-9A-Za-z+*]{2,12}")

SORT_KEYS: Mapping[str, SortKey[BillingAddress]] = {
    "recipient": lambda row: row.recipient,
    "town": lambda row: row.town,
    "zip": lambda row: row.zip,
    "country_code": lambda row: row.country_code,
}


def vat_id_has_form(vat_id: str) -> bool:
    """Tell whether a VAT id looks like one of the EU; no registry is asked.

    Source: assumption (A-20).
    """
    return _VAT_ID.fullmatch(vat_id) is not None


class BillingAddresses:
    """The operations on billing addresses."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    def list(self, principal: Principal, paging: Paging) -> Page[BillingAddress]:
        """List the addresses of the caller's organization."""
        rows = self.backend.tables.billing_addresses.select("organization", principal.home.id)
        return paged(rows, paging, SORT_KEYS)

    def create(self, principal: Principal, fields: Recipient) -> BillingAddress:
        """Add an address; `fields` holds at least the required ones."""
        address = BillingAddress(
            id=BillingAddressId(self.backend.ids.uuid()),
            organization_id=principal.home.id,
            **fields,
        )
        self.backend.tables.billing_addresses.put(address)
        return address

    def retrieve(self, principal: Principal, address_id: str) -> BillingAddress:
        """Return one address.

        Raises:
            BillingAddressNotFound: The caller's organization has no such address.
        """
        address = self.backend.tables.billing_addresses.get(BillingAddressId(address_id))
        if address is None or address.organization_id != principal.home.id:
            raise BillingAddressNotFound(
                **principal.facts,
                billing_address=address_id,
                exists=said(address is not None),
                owner=address.organization_id if address else "",
            )
        return address

    def update(self, principal: Principal, address_id: str, fields: Recipient) -> BillingAddress:
        """Change what `fields` names.

        Raises:
            BillingAddressNotFound: The caller's organization has no such address.
        """
        changed = replace(self.retrieve(principal, address_id), **fields)
        self.backend.tables.billing_addresses.put(changed)
        return changed

    def delete(self, principal: Principal, address_id: str) -> None:
        """Delete an address that nobody is billed to.

        Raises:
            BillingAddressNotFound: The caller's organization has no such address.
            BillingAddressInUse: An organization names it as `billing_address_id`.
        """
        address = self.retrieve(principal, address_id)
        for billed in self.backend.tables.organizations.select("billing_address", address.id):
            raise BillingAddressInUse(billing_address=address.id, billed=billed.id)
        self.backend.tables.billing_addresses.remove(address.id)
