"""Trees for a server that are read from a file, and checked."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from fiskaly_contracts import Checker, JsonValue, explain
from fiskaly_fixtures import OrganizationSpec, OrganizationTree, TreeError

if TYPE_CHECKING:
    from fiskaly_fixtures import LoadedTree


def read_tree(path: Path, checker: Checker) -> OrganizationTree:
    """Read a tree from a YAML or JSON file and check it against the contract.

    Raises:
        TreeError: The file cannot be read, is no tree, or holds something the API would
            not have let in; the message names line and key.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        msg = f"{path}: cannot be read: {reason}"
        raise TreeError(msg) from error
    from fiskaly_fixtures import load_tree  # noqa: PLC0415 - a server without a file reads none

    loaded = load_tree(text, name=str(path))
    complaints = [
        complaint
        for index, organization in enumerate(loaded.tree.organizations)
        for complaint in _complaints(loaded, checker, index, organization)
    ]
    if complaints:
        raise TreeError("\n".join(complaints))
    return loaded.tree


def _complaints(
    loaded: "LoadedTree", checker: Checker, index: int, organization: OrganizationSpec
) -> Iterator[str]:
    for pointer, schema, value in _parts(f"/organizations/{index}", organization):
        for violation in checker.value(schema, value):
            place = pointer + violation.pointer
            yield str(loaded.error(explain([violation]), place))


def _parts(
    here: str, organization: OrganizationSpec
) -> Iterator[tuple[str, str, dict[str, JsonValue]]]:
    """Yield what a client would have sent to make it all: place, schema, value."""
    yield here, "OrganizationUpdate", _profile(organization)
    for at, key in enumerate(organization.api_keys):
        sent = _given(name=key.name, status=key.status, metadata={**key.metadata})
        yield f"{here}/api_keys/{at}", "ApiKeyCreate", sent
    for at, address in enumerate(organization.billing_addresses):
        sent = _given(
            recipient=address.recipient,
            address_line1=address.address_line1,
            zip=address.zip,
            town=address.town,
            country_code=address.country_code,
            address_line2=address.address_line2,
            display_name=address.display_name,
            vat_id=address.vat_id,
        )
        yield f"{here}/billing_addresses/{at}", "BillingAddressCreate", sent


def _profile(spec: OrganizationSpec) -> dict[str, JsonValue]:
    options = spec.billing_options
    configuration = spec.managed_configuration
    return _given(
        name=spec.name,
        display_name=spec.display_name,
        vat_id=spec.vat_id,
        contact_person_id=spec.contact_person_id,
        address_line1=spec.address_line1,
        address_line2=spec.address_line2,
        zip=spec.zip,
        town=spec.town,
        state=spec.state,
        country_code=spec.country_code,
        tax_number=spec.tax_number,
        economy_id=spec.economy_id,
        billing_options=None
        if options is None
        else _given(
            gln=options.gln,
            withhold_billing=options.withhold_billing,
            bill_to_organization=options.bill_to_organization,
        ),
        billing_address_id=spec.billing_address_id,
        metadata={**spec.metadata},
        managed_configuration=None
        if configuration is None
        else _given(withhold_billing=configuration.withhold_billing),
        managed_by_organization_id=spec.managed_by_organization_id,
    )


def _given(**fields: JsonValue) -> dict[str, JsonValue]:
    return {name: value for name, value in fields.items() if value is not None}
