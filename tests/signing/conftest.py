import pytest
from builders.accounts import Account
from signing.till import Signing


@pytest.fixture
def account() -> Account:
    return Account.build()


@pytest.fixture
def signing(account: Account) -> Signing:
    return Signing(account)
