"""State over both transports: sign-up, clearance, reset, seeding, export and import."""

import json
from typing import Any

import pytest
from fiskaly_fixtures import COUNTRIES, PRESETS
from fiskaly_mockserver import MockServer
from fiskaly_mockserver.cli.verbs.serve import json_line
from fiskaly_mockserver.control.client import Control, ControlRefused
from web.control.wire import Shop, Wire

ADA = {"email": "ada@example.com", "password": "example-password"}
KASSE = {"name": "Kassen Beispiel GmbH", "country_code": "AUT"}
NOWHERE = "99999999-9999-4999-8999-999999999999"


def refused(status: int, field: str, *words: str) -> Any:
    """Demand a refusal that names the field and says these words."""

    def match(error: BaseException) -> bool:
        assert isinstance(error, ControlRefused)
        assert (error.status, error.field) == (status, field), str(error)
        assert all(word in str(error) for word in words), str(error)
        return True

    return pytest.raises(ControlRefused, check=match)


def main_and_managed(control: Control) -> tuple[str, str]:
    rows = control.tree()["organizations"]
    return rows[0]["id"], next(row["id"] for row in rows if row["managed_by_organization_id"])


def test_from_empty_to_a_working_account(control: Control, server: MockServer) -> None:
    control.seed("empty")
    made = control.sign_up(**ADA, first_name="Ada", organization=KASSE)
    shop = Shop.of(server).open(made["api_key"])
    assert made["api_key"]["env"] == "TEST"
    assert made["accepted_invitations"] == []
    created = shop.create("Teehaus", managed_by_organization_id=made["organization_id"])
    assert created.status == 200
    assert shop.names() == ["Kassen Beispiel GmbH", "Teehaus"]
    own = shop.call("GET", f"/organizations/{made['organization_id']}").body
    assert own["country_code"] == "AUT"
    assert own["created_by_user"] == made["user_id"]
    assert own["_type"] == "ORGANIZATION"
    assert own["_envs"] == ["TEST"]


def test_who_signed_up_logs_in_with_the_password(control: Control, server: MockServer) -> None:
    control.sign_up(**ADA, organization=KASSE)
    shop = Shop.of(server)
    assert shop.log_in(email=ADA["email"], password="another-password").status == 401
    assert shop.log_in(**ADA).status == 200
    assert shop.names() == [KASSE["name"]]


def test_a_taken_email_is_refused_in_any_case(control: Control) -> None:
    control.sign_up(**ADA, organization=KASSE)
    before = control.export_state()
    for email in (ADA["email"], ADA["email"].upper()):
        with refused(409, "email", email, "signed up already"):
            control.sign_up(email, "p", organization=KASSE)
        with refused(409, "email", email, "signed up already"):
            control.sign_up(email, "p")
    assert control.export_state() == before


def test_signing_up_accepts_a_pending_invitation(
    control: Control, server: MockServer, shop: Shop
) -> None:
    main, _ = main_and_managed(control)
    invited = shop.call("POST", f"/organizations/{main}/users", {"email": ADA["email"]})
    assert invited.status == 200
    registered = control.sign_up(ADA["email"], ADA["password"])
    assert registered == {"user_id": invited.body["_id"], "accepted_invitations": [main]}
    guest = Shop.of(server)
    assert guest.log_in(**ADA).status == 200
    assert guest.names() == shop.names()


def test_signing_up_with_an_organization_accepts_a_pending_invitation_too(
    control: Control, server: MockServer, shop: Shop
) -> None:
    main, _ = main_and_managed(control)
    shop.call("POST", f"/organizations/{main}/users", {"email": ADA["email"]})
    made = control.sign_up(**ADA, organization=KASSE)
    assert made["accepted_invitations"] == [main]
    guest = Shop.of(server)
    guest.log_in(**ADA)
    assert sorted(guest.names()) == sorted([*shop.names(), KASSE["name"]])


def test_signing_up_without_organization_needs_an_invitation(control: Control) -> None:
    before = control.export_state()
    with refused(404, "email", ADA["email"], "No open invitation"):
        control.sign_up(ADA["email"], ADA["password"])
    assert control.export_state() == before


def test_clearance_makes_live_keys_work_and_managed_ones_may_follow(
    control: Control, server: MockServer, shop: Shop
) -> None:
    main, managed = main_and_managed(control)
    enable = f"/organizations/{managed}/enable-env"
    assert shop.call("POST", enable, {"env": "LIVE"}).status == 403
    cleared = control.clear_for_live(main.upper())
    assert cleared["organization_id"] == main
    assert cleared["api_key"]["env"] == "LIVE"
    live = Shop.of(server).open(cleared["api_key"])
    assert [row["_id"] for row in live.call("GET", "/organizations").body["data"]] == [main]
    assert shop.call("POST", enable, {"env": "LIVE"}).status == 200
    seen = live.call("GET", "/organizations").body["data"]
    assert [(row["_id"], row["_envs"]) for row in seen] == [
        (main, ["TEST", "LIVE"]),
        (managed, ["TEST", "LIVE"]),
    ]


def test_clearance_is_for_main_organizations_that_are_not_live(control: Control) -> None:
    main, managed = main_and_managed(control)
    with refused(404, "organization_id", NOWHERE) as unknown:
        control.clear_for_live(NOWHERE)
    assert unknown.value.allowed == (main,)
    with refused(409, "organization_id", managed, "managed"):
        control.clear_for_live(managed)
    control.clear_for_live(main)
    before = control.export_state()
    with refused(409, "organization_id", main, "already enabled") as again:
        control.clear_for_live(main)
    assert again.value.allowed == ()
    assert control.export_state() == before


def test_the_tree_is_what_the_json_line_prints(control: Control, server: MockServer) -> None:
    control.seed("kitchen-sink", seed=7, size=12, country="AT")
    tree = control.tree()
    assert server._listening is not None
    printed = json.loads(json_line(server._service.world.baseline, server._listening, "0"))
    assert tree == {name: printed[name] for name in tree}
    assert set(tree) == {"preset", "seed", "tills", "receipts", "organizations", "users"}


def test_tills_are_seeded_and_told(control: Control) -> None:
    tree = control.seed(tills=2, receipts=3)
    assert (tree["tills"], tree["receipts"]) == (2, 3)
    managed = [row for row in tree["organizations"] if row["managed_by_organization_id"]]
    assert {len(row["tss"][0]["clients"]) for row in managed} == {2}
    control.reset()
    assert control.tree() == tree
    with refused(400, "tills", "199"):
        control.seed(tills=200)
    with refused(409, "receipts", "receipts 1 goes with tills"):
        control.seed(receipts=1)
    with refused(409, "tills", "tills 3 makes 3000 in all, and at most 2000 are allowed"):
        control.seed(size=1_000, tills=3)
    with refused(409, "receipts", "receipts 101 makes 20200 in all, and at most 20000"):
        control.seed(tills=40, receipts=101)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_can_be_seeded_and_its_credentials_work(
    control: Control, server: MockServer, preset: str
) -> None:
    tree = control.seed(preset, seed=3)
    assert tree == control.tree()
    assert (tree["preset"], tree["seed"]) == (preset, 3)
    assert control.health()["preset"] == preset
    keys = [key for row in tree["organizations"] for key in row["api_keys"]]
    assert bool(keys) is (preset != "empty")
    for key in keys[:3]:
        Shop.of(server).open(key)
    for user in tree["users"][:2]:
        logged_in = Shop.of(server).log_in(email=user["email"], password=user["password"])
        assert logged_in.status == 200


def test_seeding_moves_what_a_reset_returns_to(control: Control) -> None:
    tree = control.seed("single", seed=9, country="FR")
    seeded = control.export_state()
    control.sign_up(**ADA, organization=KASSE)
    control.reset()
    assert control.tree() == tree
    assert control.export_state() == seeded


def test_what_seeding_leaves_out_is_said(control: Control) -> None:
    control.seed("enterprise", seed=5, size=3, country="AT")
    assert control.seed() == control.seed("enterprise", seed=1, size=5, country="DE")


@pytest.mark.parametrize(
    ("asked", "status", "field", "words"),
    [
        ({"preset": "enterprize"}, 404, "preset", ("did you mean enterprise?", *PRESETS)),
        ({"country": "AUX"}, 404, "country", ('"AUX"', *COUNTRIES)),
        ({"country": ""}, 404, "country", ('""',)),
        ({"size": -1}, 400, "size", ("-1", ">= 0")),
        ({"size": 10_001}, 400, "size", ("10001", "<= 10000")),
        ({"seed": -1}, 400, "seed", ("-1", ">= 0")),
        ({"seed": 2**60}, 400, "seed", (str(2**60), "<= 9007199254740991")),
    ],
    ids=lambda value: str(value)[:30],
)
def test_seeding_says_what_is_wrong(
    control: Control, asked: Any, status: int, field: str, words: tuple[str, ...]
) -> None:
    before, tree = control.export_state(), control.tree()
    with refused(status, field, *words):
        control.seed(**asked)
    assert (control.export_state(), control.tree()) == (before, tree)


def test_a_world_without_preset_is_seeded_with_the_default_one(control: Control) -> None:
    control.import_state({**control.export_state(), "preset": None})
    assert control.health()["preset"] is None
    assert control.seed()["preset"] == "individual-customers"


def test_export_and_import_lead_back(control: Control, shop: Shop) -> None:
    shop.create("Before")
    kept = control.export_state()
    shop.create("After")
    assert "After" in shop.names()
    control.import_state(kept)
    assert control.export_state() == kept
    assert shop.names()[-1] == "Before"


def test_an_import_travels_to_another_server_with_its_credentials(
    control: Control, server: MockServer, serve: Any
) -> None:
    made = control.sign_up(**ADA, organization=KASSE)
    seeded = control.tree()["organizations"][0]["api_keys"][0]
    other = serve(preset="empty")
    other.control.import_state(control.export_state())
    assert other.control.export_state() == control.export_state()
    for key in (made["api_key"], seeded):
        assert Shop.of(other).open(key).names() == Shop.of(server).open(key).names()
    assert Shop.of(other).log_in(**ADA).status == 200
    other.control.reset()
    assert other.control.export_state()["organizations"] == []


def test_an_exported_world_has_the_same_bytes_after_its_import_on_another_server(
    wire: Wire, server: MockServer, shop: Shop, serve: Any
) -> None:
    server.control.seed("kitchen-sink", seed=11, size=9)
    server.control.sign_up(**ADA, organization={"name": "Caf\u00e9 \u6771\u4eac \U0001f370"})
    server.control.freeze_clock("2031-01-31T23:59:58.25Z")
    exported = wire.ask("GET", "/_mock/state")
    other = Wire(serve(preset="empty").port)
    put = other.ask("PUT", "/_mock/state", data=exported.raw)
    assert (put.status, put.body) == (200, {"ok": True})
    assert other.ask("GET", "/_mock/state").raw == exported.raw
    assert wire.ask("PUT", "/_mock/state", data=exported.raw).status == 200
    assert wire.ask("GET", "/_mock/state").raw == exported.raw
    assert "Caf\u00e9 \u6771\u4eac \U0001f370".encode() in exported.raw


def test_snapshots_are_kept_listed_restored_and_forgotten(control: Control, shop: Shop) -> None:
    assert control.snapshots() == []
    control.save_snapshot("seeded")
    shop.create("First")
    control.save_snapshot("first")
    shop.create("Second")
    assert control.snapshots() == ["seeded", "first"]
    control.restore_snapshot("first")
    assert shop.names()[-1] == "First"
    control.restore_snapshot("seeded")
    assert "First" not in shop.names()
    control.restore_snapshot("first")
    control.save_snapshot("seeded")
    control.restore_snapshot("seeded")
    assert shop.names()[-1] == "First"
    control.drop_snapshot("first")
    assert control.snapshots() == ["seeded"]


def test_an_unknown_snapshot_is_refused_with_those_there_are(control: Control) -> None:
    control.save_snapshot("kept")
    for act in (control.restore_snapshot, control.drop_snapshot):
        with refused(404, "name", "kpet", "kept") as unknown:
            act("kpet")
        assert unknown.value.allowed == ("kept",)


def test_there_may_be_a_hundred_snapshots(control: Control) -> None:
    for number in range(100):
        control.save_snapshot(f"s{number}")
    with refused(409, "name", "100"):
        control.save_snapshot("one-more")
    control.save_snapshot("s7")
    assert len(control.snapshots()) == 100


def test_a_snapshot_survives_a_reset_but_no_seeding(control: Control) -> None:
    control.save_snapshot("kept")
    control.reset()
    assert control.snapshots() == ["kept"]
    control.seed("single")
    assert control.snapshots() == []


def test_health_and_contract_tell_what_runs(control: Control, server: MockServer) -> None:
    health = control.health()
    assert health["status"] == "ok"
    assert (health["preset"], health["seed"]) == ("individual-customers", 1)
    document: Any = control.contract()
    assert document["info"]["version"] == health["contract"]
    assert str(document["servers"][0]["url"]).endswith("/api/v0")
    signing: Any = control.sign_de_contract()
    assert signing["info"]["version"] == health["sign_de"]
    assert str(signing["servers"][0]["url"]).endswith("/api/v2")


def test_a_server_without_sign_de_shows_no_contract_of_it() -> None:
    with MockServer(sign_de=False) as server:
        assert server.control.health()["sign_de"] is None
        with refused(404, "", "SIGN DE is not served"):
            server.control.sign_de_contract()
