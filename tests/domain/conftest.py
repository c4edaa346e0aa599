import pytest
from builders.accounts import Account


@pytest.fixture
def account() -> Account:
    return Account.build()
