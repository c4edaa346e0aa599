"""What faults promise, for random rules and requests over a whole server.

A fault before an operation leaves the account as it was; one after it strikes only where the
change stands; requests that authentication or the contract refuses are not counted.
"""

import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http.client import HTTPException
from random import Random
from typing import Any

import pytest
from fiskaly_contracts import Contract
from fiskaly_mockserver import MockServer, ServerConfig
from fiskaly_mockserver.world.faults import Phase
from fiskaly_mockserver.world.faults.rules import PHASES, FaultRule, Kind
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from web.control.wire import SHOP, Reply, Shop

OPERATIONS = Contract.bundled().operations
NOWHERE = "99999999-9999-4999-8999-999999999999"
SHORT = st.floats(0, 0.003)
PLAIN = [
    "malformed_json",
    "broken_contract",
    "empty_reply",
    "connection_reset",
    "expired_token",
    "unauthorized",
]
EFFECTS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.fixed_dictionaries(
        {"kind": st.just("status"), "status": st.sampled_from([400, 401, 404, 409, 429, 500, 503])},
        optional={"headers": st.just({"Retry-After": "1"}), "code": st.just("E_FAULT")},
    ),
    st.fixed_dictionaries({"kind": st.just("delay"), "seconds": SHORT}),
    st.just({"kind": "delay", "distribution": "uniform", "min": 0, "max": 0.002}),
    st.just({"kind": "delay", "distribution": "lognormal", "median": 0.001, "sigma": 0.5}),
    st.fixed_dictionaries({"kind": st.just("slow_body"), "seconds": SHORT}),
    st.fixed_dictionaries(
        {"kind": st.just("truncated_body")}, optional={"bytes": st.integers(0, 30)}
    ),
    st.sampled_from([{"kind": kind} for kind in PLAIN]),
)
WHENS = st.one_of(
    st.builds(lambda n: {"first": n}, st.integers(1, 3)),
    st.builds(lambda n: {"every": n}, st.integers(1, 3)),
    st.builds(
        lambda p, seed: {"probability": p, "seed": seed},
        st.sampled_from([0.3, 0.7, 1.0]),
        st.integers(0, 99),
    ),
)
TARGETS = st.sampled_from(
    [
        {},
        {"operation": "createOrganization"},
        {"operation": "listOrganizations"},
        {"operation": "enableEnvironment"},
        {"path": "/organizations*"},
        {"path": "/organizations/*", "method": "post"},
        {"method": "POST"},
    ]
)


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    effect = draw(EFFECTS)
    rule = {**draw(TARGETS), "effect": effect}
    if draw(st.booleans()):
        rule["when"] = draw(WHENS)
    if draw(st.booleans()):
        rule["phase"] = draw(st.sampled_from([phase.value for phase in PHASES[effect["kind"]]]))
    return rule


@dataclass(frozen=True, slots=True)
class Request:
    """A request, and how far it gets where nothing strikes: 401, 400, 403, 404 or 200."""

    operation: str
    status: int
    parent: str = NOWHERE

    @property
    def path(self) -> str:
        return OPERATIONS[self.operation].path.format(organization_id=self.parent)


ACTS = st.sampled_from(
    [
        Request("createOrganization", 200),
        Request("createOrganization", 200),
        Request("createOrganization", 400),
        Request("createOrganization", 401),
        Request("createOrganization", 404),
        Request("listOrganizations", 200),
        Request("listOrganizations", 401),
        Request("retrieveOrganization", 404),
        Request("enableEnvironment", 403),
        Request("enableEnvironment", 400),
    ]
)


@dataclass(slots=True)
class Expected:
    """A rule, and what its counts should be."""

    rule: FaultRule
    chance: Random
    seen: int = 0
    hits: int = 0

    @classmethod
    def of(cls, rule: Mapping[str, Any]) -> "Expected":
        seed = rule.get("when", {}).get("seed", 1)
        return cls(FaultRule.from_json(rule), Random(f"fault:when:{seed}"))

    def strikes(self, request: Request, phase: Phase) -> bool:
        operation, rule = OPERATIONS[request.operation], self.rule
        about = (
            rule.operation in (None, request.operation)
            and rule.method in (None, operation.method)
            and (rule.path is None or fnmatchcase(request.path, rule.path))
        )
        if rule.phase is not phase or not about:
            return False
        self.seen += 1
        struck = rule.strikes(self.seen, self.chance)
        self.hits += struck
        return struck


@dataclass(slots=True)
class Plan:
    """What should strike a request."""

    rules: list[Expected] = field(default_factory=list)

    def decide(self, request: Request, phase: Phase) -> tuple[list[int], Kind | None]:
        """Return the numbers of the faults that strike, and the effect that ends it."""
        struck = []
        for number, expected in enumerate(self.rules, 1):
            if expected.strikes(request, phase):
                struck.append(number)
                if expected.rule.effect.kind is not Kind.DELAY:
                    return struck, expected.rule.effect.kind
        return struck, None


@pytest.fixture(scope="module")
def faulty() -> Iterator[MockServer]:
    with MockServer(ServerConfig(port=0)) as server:
        yield server


def send(shop: Shop, request: Request, name: str) -> Reply | None:
    """Send a request; `None` where the connection breaks."""
    token = "" if request.status == 401 else None
    body: Any = None
    if request.operation == "createOrganization":
        body = {**SHOP, "name": "" if request.status == 400 else name}
        if request.status == 404:
            body["managed_by_organization_id"] = NOWHERE
    elif request.operation == "enableEnvironment":
        body = {"env": "LIVE" if request.status == 403 else "PROD"}
    try:
        return shop.call(OPERATIONS[request.operation].method, request.path, body, token=token)
    except (HTTPException, OSError):
        return None


def organizations(server: MockServer) -> Any:
    return server.control.export_state()["organizations"]


@settings(
    max_examples=120,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(armed=st.lists(rules(), min_size=1, max_size=3), acts=st.lists(ACTS, max_size=8))
def test_faults_keep_their_promises(
    faulty: MockServer, armed: list[dict[str, Any]], acts: list[Request]
) -> None:
    control = faulty.control
    control.reset()
    key = faulty.credentials
    credentials = {"key": key.key, "secret": key.secret}
    shop = Shop.of(faulty).open(credentials)
    managed = next(
        row["id"] for row in control.tree()["organizations"] if row["managed_by_organization_id"]
    )
    control.freeze_clock()
    for rule in armed:
        control.arm_fault(rule)  # type: ignore[arg-type]
    plan = Plan([Expected.of(rule) for rule in armed])
    for turn, act in enumerate(acts):
        request = act if act.status != 403 else Request(act.operation, 403, managed)
        name = f"Teehaus {turn}"
        before = control.export_state()
        reply = send(shop, request, name)
        after = control.export_state()
        [told] = control.journal()["exchanges"][-1:]
        passed = request.status not in (400, 401)
        early, ended = plan.decide(request, Phase.BEFORE) if passed else ([], None)
        succeeds = request.status == 200 and ended is None
        late, altered = plan.decide(request, Phase.AFTER) if succeeds else ([], None)
        assert told["fault"] == " ".join(f"fault-{number}" for number in (*early, *late))
        made = [row["name"] for row in organizations(faulty)]
        if succeeds and request.operation == "createOrganization":
            assert made[-1] == name, "the change stands, also where a fault came after it"
        else:
            assert after == before
        if ended is None and altered is None:
            assert reply is not None
            assert reply.status == request.status
        elif reply is not None and (ended or altered) in (Kind.UNAUTHORIZED, Kind.EXPIRED_TOKEN):
            assert reply.status == 401
        if ended is Kind.EXPIRED_TOKEN:
            again = shop.call("GET", f"/organizations/{NOWHERE}/users")
            assert again.status == 401
            log_in_again(faulty, shop)
    counts = [(one["seen"], one["hits"]) for one in control.faults()]
    assert counts == [(one.seen, one.hits) for one in plan.rules]
    faulty.verify()


def log_in_again(server: MockServer, shop: Shop) -> None:
    """Get a new token without a request that a fault could count."""
    world, key = server._service.world, server.credentials
    opened = server._call(lambda: world.sessions.open_with_key(key.key, key.secret))
    shop.tokens = {"access_token": opened.session.access_token}


@pytest.mark.parametrize("phase", ["before", "after"])
def test_no_answer_keeps_the_promise_too(faulty: MockServer, phase: Any) -> None:
    control = faulty.control
    control.reset()
    key = faulty.credentials
    shop = Shop.of(faulty).open({"key": key.key, "secret": key.secret})
    control.freeze_clock()
    before = control.export_state()
    rule: Any = {"operation": "createOrganization", "phase": phase, "effect": {"kind": "no_answer"}}
    control.arm_fault(rule)
    body = b'{"name":"Teehaus","address_line1":"-","zip":"1","town":"-","country_code":"AUT"}'
    head = (
        "POST /api/v0/organizations HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {shop.tokens['access_token']}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", faulty.port), timeout=0.1) as client:
        client.sendall(head.encode() + body)
        with pytest.raises(TimeoutError):
            client.recv(1)
    names = [row["name"] for row in organizations(faulty)]
    assert ("Teehaus" in names) is (phase == "after")
    assert (control.export_state() == before) is (phase == "before")
    assert [(one["seen"], one["hits"]) for one in control.faults()] == [(1, 1)]
