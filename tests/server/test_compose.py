"""From settings and a tree to a service."""

from dataclasses import replace
from importlib.metadata import version

import pytest
from fiskaly_contracts import Contract
from fiskaly_fixtures import generate_from
from fiskaly_mockserver.domain.account.model import OrganizationId
from fiskaly_mockserver.domain.backend import Lifetimes
from fiskaly_mockserver.server.compose import compose
from fiskaly_mockserver.server.config import ServerConfig
from fiskaly_mockserver.world.clock import FrozenClock
from fiskaly_mockserver.world.world import Seams


def test_a_service_tells_what_it_serves() -> None:
    config = ServerConfig(preset="single", seed=4)
    assert compose(config, generate_from(config)).about == {
        "version": version("fiskaly-mockserver"),
        "contract": Contract.bundled().version,
        "sign_de": Contract.sign_de().version,
    }
    without = compose(replace(config, sign_de=False), generate_from(config))
    assert without.about["sign_de"] is None


def test_settings_reach_the_service() -> None:
    config = ServerConfig(preset="single", loose=True, judge="openapi-core")
    service = compose(config, generate_from(config))
    served = service.apis[0]
    assert served.checker.answer_plan("authenticate", 200) is None
    assert service.on_exchange is config.on_exchange


def test_lifetimes_of_the_settings_hold_unless_seams_are_given() -> None:
    config = ServerConfig(preset="single", lifetimes=Lifetimes(access=5, refresh=9))
    tree = generate_from(config)
    assert compose(config, tree).world.seams.lifetimes == Lifetimes(access=5, refresh=9)
    seams = Seams(clock=FrozenClock(100.0))
    assert compose(config, tree, seams).world.seams is seams


@pytest.mark.parametrize("size", [0, 3])
def test_every_organization_of_the_tree_is_in_the_world(size: int) -> None:
    config = ServerConfig(size=size)
    tree = generate_from(config)
    world = compose(config, tree).world
    ids = [OrganizationId(found.id) for found in tree.organizations]
    assert all(world.tables.organizations.get(one) for one in ids)


def test_another_judge_is_refused() -> None:
    with pytest.raises(ValueError, match="judge 'me' is not one of jsonschema-rs, openapi-core"):
        ServerConfig(judge="me")  # type: ignore[arg-type]
