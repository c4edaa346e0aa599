"""What counts as set: empty options, and the form of a VAT id."""

import pytest
from fiskaly_mockserver.domain.account.billing_addresses import vat_id_has_form
from fiskaly_mockserver.domain.account.model import (
    BillingOptions,
    ManagedConfiguration,
    OrganizationId,
)


@pytest.mark.parametrize(
    ("options", "is_set"),
    [
        (BillingOptions(), False),
        (BillingOptions(withhold_billing=False), True),
        (BillingOptions(gln=""), True),
        (BillingOptions(bill_to_organization=OrganizationId("x")), True),
        (ManagedConfiguration(), False),
        (ManagedConfiguration(withhold_billing=False), True),
        (ManagedConfiguration(withhold_billing=True), True),
    ],
    ids=repr,
)
def test_options_count_as_set_once_one_of_them_is_given(
    options: BillingOptions | ManagedConfiguration,
    is_set: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert bool(options) == is_set


@pytest.mark.parametrize("vat_id", ["ATU12345678", "DE123456789", "NL123456789B01"])
def test_a_20_a_vat_id_of_the_union_has_the_form_of_one(vat_id: str) -> None:
    assert vat_id_has_form(vat_id)


@pytest.mark.parametrize("vat_id", ["", "12345678", "DE", "de123456789!", "DE123456789\n"])
def test_a_20_other_text_has_not(vat_id: str) -> None:
    assert not vat_id_has_form(vat_id)
