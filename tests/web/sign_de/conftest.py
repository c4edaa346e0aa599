from dataclasses import replace

import pytest
from web.api import Api
from web.sign_de.till import Till


@pytest.fixture
def till(api: Api) -> Till:
    return Till(replace(api, base="/api/v2"))
