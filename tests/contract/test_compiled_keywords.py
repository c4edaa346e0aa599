"""Each keyword of OpenAPI 3.0, alone and in company: both checks say the same.

See `differential` for how they are compared. All seeds are fixed.
"""

import pytest
from contract import keyword_schemas
from contract.differential import Differential, Tally
from fiskaly_contracts import Contract
from fiskaly_contracts.compiled.patterns import NoTranslationError
from fiskaly_contracts.compiled.validators import Validators

SCHEMAS = keyword_schemas.schemas()
VALUES = 250


@pytest.fixture(scope="module")
def both() -> Differential:
    return Differential(Contract.from_document(keyword_schemas.document(SCHEMAS)))


@pytest.mark.parametrize("number", range(len(SCHEMAS)), ids=[ascii(name) for name in SCHEMAS])
def test_a_keyword_means_the_same_to_both(both: Differential, number: int) -> None:
    name = [*SCHEMAS][number]
    both.tally = Tally()
    both.values(name, SCHEMAS[name], f"components#schemas#S{number}", VALUES)
    assert both.tally.laxer == []
    assert both.tally.stricter == []
    assert both.tally.compared[f"request {name}"] == VALUES
    assert both.tally.excluded["no-translation"] == 0


@pytest.mark.parametrize("name", keyword_schemas.UNTRANSLATED)
def test_what_has_no_exact_counterpart_is_left_to_the_authority(name: str) -> None:
    named = keyword_schemas.UNTRANSLATED
    validators = Validators(keyword_schemas.document(named))
    with pytest.raises(NoTranslationError):
        validators.of_parsed(named[name])
