"""What control calls take and give, as JSON objects; the control contract says the same."""

from typing import Literal, NotRequired, TypedDict

from fiskaly_contracts import JsonValue


class Health(TypedDict):
    """That the server is up, and what it serves."""

    status: str
    version: str
    contract: str
    sign_de: str | None
    preset: str | None
    seed: int | None
    interception: "Interception | None"


class Interception(TypedDict):
    """Where clients of the server's machine are led to it whose host is hard-coded."""

    hosts: list[str]
    proxy_port: int
    folder: str


class KeyCredentials(TypedDict):
    """What a client needs to authenticate."""

    env: str
    key: str
    secret: str


class TreeClient(TypedDict):
    """A client of a TSS."""

    id: str
    serial_number: str


class TreeTss(TypedDict):
    """A TSS with what is needed to administer it; `admin_pin` is None where none was set yet."""

    id: str
    env: str
    state: str
    admin_puk: str
    admin_pin: str | None
    clients: list[TreeClient]


class TreeOrganization(TypedDict):
    """A seeded organization with its enabled keys, a TEST key first, and its TSS."""

    id: str
    type: str
    name: str
    envs: list[str]
    managed_by_organization_id: str | None
    api_keys: list[KeyCredentials]
    tss: list[TreeTss]


class TreeUser(TypedDict):
    """A seeded user that can log in."""

    id: str
    email: str
    password: str
    organization_ids: list[str]


class Tree(TypedDict):
    """The seeded organizations in their order, and the users."""

    preset: str
    seed: int
    tills: int
    receipts: int
    organizations: list[TreeOrganization]
    users: list[TreeUser]


class SignedUp(TypedDict):
    """Who signed up; organization and key only if one was made."""

    user_id: str
    organization_id: NotRequired[str]
    api_key: NotRequired[KeyCredentials]
    accepted_invitations: list[str]


class Cleared(TypedDict):
    """A main organization that is LIVE now, and its first LIVE key."""

    organization_id: str
    api_key: KeyCredentials


class ClockState(TypedDict):
    """A world's time: unix seconds and ISO 8601; `offset` seconds ahead of real time."""

    now: float
    iso: str
    frozen: bool
    scale: float
    offset: float


class FaultWhen(TypedDict, total=False):
    """Which matching requests a fault strikes: one of `first`, `every`, `probability`."""

    first: int
    every: int
    probability: float
    seed: int


class FaultEffect(TypedDict, total=False):
    """What a fault does; `kind` is always there."""

    kind: str
    status: int
    code: str
    message: str
    headers: dict[str, str]
    seconds: float
    distribution: Literal["uniform", "lognormal"]
    min: float
    max: float
    median: float
    sigma: float
    bytes: int


class FaultRule(TypedDict, total=False):
    """A fault to arm; `effect` is always there."""

    operation: str
    path: str
    method: str
    when: FaultWhen
    phase: Literal["before", "after"]
    effect: FaultEffect


class Fault(TypedDict):
    """An armed fault: `seen` counts matching requests, `hits` those it struck."""

    id: str
    rule: FaultRule
    seen: int
    hits: int


class FaultRecipe(TypedDict):
    """A named outage, and the rules that make it."""

    name: str
    description: str
    rules: list[FaultRule]


class JournalQuery(TypedDict, total=False):
    """What exchanges to look for; `body` is contained in the request's body."""

    operation: str
    status: int
    method: str
    path: str
    body: JsonValue
    since: str


class Journal(TypedDict):
    """Exchanges, oldest first, and how many there was no room for."""

    exchanges: list[dict[str, JsonValue]]
    dropped: int


class ViolationKind(TypedDict):
    """One way in which a contract was broken, how often, and the first exchange of it.

    `what` is `violation`, `warning` or, where the fake itself was wrong, `defect`.
    """

    what: str
    operation: str
    where: str
    rule: str
    pointer: str
    count: int
    first: dict[str, JsonValue]


class AllViolations(TypedDict):
    """What broke a contract since a server started; `uncounted` had no room as kinds."""

    broken_requests: int
    warned_requests: int
    defects: int
    kinds: list[ViolationKind]
    uncounted: int


class SignedTransaction(TypedDict):
    """The transaction that a QR code is of."""

    id: str
    number: int
    state: str
    tss_id: str
    client_id: str
    organization_id: str
    env: str


class ExplainedQrCode(TypedDict):
    """What a receipt's QR code says and what is wrong with it; `valid` if nothing is.

    `fields` has all twelve by name, `process_data` a `receipt` or an `order` in the words of
    the API; `transaction` is the one of the world that it is of, if it has it.
    """

    valid: bool
    fields: dict[str, str]
    tss_serial_number: str
    process_data: dict[str, JsonValue]
    signature_verifies: bool
    findings: list[str]
    transaction: SignedTransaction | None


class ListedReceipt(ExplainedQrCode):
    """A finished transaction, with its code."""

    qr_code_data: str


class Waited(TypedDict):
    """Whether it came to so many exchanges in time, and how many there are at least.

    There may be more only if the journal `overflowed`.
    """

    reached: bool
    count: int
    overflowed: bool


class SandboxList(TypedDict):
    """The sandboxes of `limit` there may be, and the latest that were reclaimed for others."""

    sandboxes: list[dict[str, JsonValue]]
    limit: int
    reclaimed: list[str]
    reclaimed_count: int
