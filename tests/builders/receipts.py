"""Receipts, as the API takes them."""

from typing import Any


def receipt(amount: str = "11.90") -> dict[str, Any]:
    """Return the schema of a receipt of one VAT rate, paid in cash."""
    return {
        "standard_v1": {
            "receipt": {
                "receipt_type": "RECEIPT",
                "amounts_per_vat_rate": [{"vat_rate": "NORMAL", "amount": amount}],
                "amounts_per_payment_type": [{"payment_type": "CASH", "amount": amount}],
            }
        }
    }
