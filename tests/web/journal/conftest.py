"""The bundled contract and its checker, made once, and what redacts by it, which knows secrets."""

import pytest
from fiskaly_contracts import Checker, Contract
from fiskaly_mockserver.web.journal.redaction import Redactor


@pytest.fixture(scope="session")
def contract() -> Contract:
    return Contract.bundled()


@pytest.fixture(scope="session")
def checker(contract: Contract) -> Checker:
    return Checker(contract)


@pytest.fixture
def redactor(contract: Contract) -> Redactor:
    return Redactor(contract)
