"""The pages of the fake itself: faults, clock, worlds, coverage, contract.

Every change is a control call, with its rules and its words.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from hmac import compare_digest

from fiskaly_contracts.coverage import report
from fiskaly_fixtures import COUNTRIES, PRESETS

from fiskaly_mockserver.web.api import Download, JsonObject
from fiskaly_mockserver.web.dashboard.exchanges import demand_control, operations_of
from fiskaly_mockserver.web.dashboard.frame import Missing, Page, Redirect, Visit
from fiskaly_mockserver.world.faults.recipes import RECIPES
from fiskaly_mockserver.world.faults.rules import Kind

CHANGES = ("advance", "set", "freeze", "scale", "resume")
"""What can be done to the clock, as the control call names it."""
NUMBERS = ("seed", "size", "tills", "receipts")


def faults(visit: Visit) -> Mapping[str, object]:
    """List what is armed, and offer recipes and a form."""
    demand_control(visit)
    armed = [one.as_json() for one in visit.world.faults.armed()]
    return {
        "armed": [{**one, "text": json.dumps(one["rule"], ensure_ascii=False)} for one in armed],
        "recipes": [*RECIPES.values()],
        "operations": operations_of(visit),
        "kinds": [kind.value for kind in Kind],
        "chosen": visit.form or visit.query,
    }


async def arm(visit: Visit) -> Mapping[str, object]:
    """Arm a fault: as a rule in JSON, or by the fields of the form."""
    demand_control(visit)
    try:
        rule = json.loads(visit.form["rule"]) if visit.form.get("rule") else _rule_in(visit.form)
    except (ValueError, RecursionError) as error:
        visit.errors["rule"], visit.status = f"rule is no JSON: {error}", 400
        return faults(visit)
    if await visit.command("armFault", rule) is None:
        return faults(visit)
    raise _done(visit, "/faults", "fault_armed")


async def arm_recipe(visit: Visit) -> Mapping[str, object]:
    """Arm a named outage."""
    path = {"name": visit.form.get("name", "")}
    if await visit.command("armFaultRecipe", None, path) is None:
        return faults(visit)
    raise _done(visit, "/faults", "fault_armed")


async def disarm(visit: Visit) -> Mapping[str, object]:
    """Disarm one fault, or all."""
    fault_id = visit.form.get("fault_id", "")
    path = {"fault_id": fault_id} if fault_id else {}
    if await visit.command("clearFault" if fault_id else "clearFaults", None, path) is None:
        return faults(visit)
    raise _done(visit, "/faults", "deleted")


def clock(visit: Visit) -> Mapping[str, object]:
    """Tell the world's time."""
    demand_control(visit)
    return {"clock": visit.world.clock.state()}


async def set_clock(visit: Visit) -> Mapping[str, object]:
    """Advance, set, freeze, scale or resume it."""
    change = visit.form.get("change", "")
    if change not in CHANGES:
        raise Missing
    value: object = visit.form.get(change, "").strip()
    if change == "resume" or (change == "freeze" and not value):
        value = True
    elif change == "scale":
        value = _number(str(value))
    body: JsonObject = {change: value}  # type: ignore[dict-item]
    if await visit.command("setClock", body) is None:
        return clock(visit)
    raise _done(visit, "/clock", "saved")


def worlds(visit: Visit) -> Mapping[str, object]:
    """Show the tree's arguments, the snapshots and the sandboxes."""
    demand_control(visit)
    world, known = visit.world, visit.service.worlds
    return {
        "preset": world.preset,
        "seed": world.seed,
        "presets": PRESETS,
        "countries": COUNTRIES,
        "snapshots": world.snapshots(),
        "sandboxes": known.describe(),
        "limit": known.limit,
        "reclaimed": known.reclaimed.count,
    }


async def reset(visit: Visit) -> Mapping[str, object]:
    """Begin again with the present tree."""
    if await visit.command("reset") is None:
        return worlds(visit)
    raise _done(visit, "/worlds", "world_replaced")


async def seed(visit: Visit) -> Mapping[str, object]:
    """Begin with another tree."""
    form = visit.form
    body: JsonObject = {name: form[name] for name in ("preset", "country") if form.get(name)}
    body |= {name: _number(form[name]) for name in NUMBERS if form.get(name)}
    if await visit.command("seed", body) is None:
        return worlds(visit)
    raise _done(visit, "/worlds", "world_replaced")


async def save_snapshot(visit: Visit) -> Mapping[str, object]:
    """Keep the present state."""
    if await visit.command("saveSnapshot", {"name": visit.form.get("name", "")}) is None:
        return worlds(visit)
    raise _done(visit, "/worlds", "saved")


async def change_snapshot(visit: Visit) -> Mapping[str, object]:
    """Return to a snapshot, or forget it."""
    dropped = visit.form.get("change") == "drop"
    path = {"name": visit.form.get("name", "")}
    done = await visit.command("dropSnapshot" if dropped else "restoreSnapshot", None, path)
    if done is None:
        return worlds(visit)
    raise _done(visit, "/worlds", "deleted" if dropped else "world_replaced")


async def change_sandbox(visit: Visit) -> Mapping[str, object]:
    """Look into another world, or drop a sandbox."""
    demand_control(visit)
    name = visit.form.get("name", "")
    if visit.form.get("change") == "drop":
        if await visit.command("dropSandbox", None, {"name": name}) is None:
            return worlds(visit)
        if name == visit.session.sandbox:
            visit.session.sandbox = ""
        raise _done(visit, "/worlds", "deleted")
    if name and visit.service.worlds.find(name) is None:
        raise Missing
    visit.session.sandbox = name
    visit.session.user_id = None  # nobody is signed in to another world
    raise Redirect("/worlds")


def coverage(visit: Visit) -> Mapping[str, object]:
    """Show what clients made of each contract since the server began."""
    demand_control(visit)
    counted = [(one.name, one.coverage.count()) for one in visit.service.apis]
    return {"apis": [(name, one.scores(), one.operations()) for name, one in counted]}


def coverage_file(visit: Visit) -> Download:
    """Send the same as the file that the command line and the pytest plugin write."""
    demand_control(visit)
    document = report.document({one.name: one.coverage.count() for one in visit.service.apis})
    return Download("application/json", (json.dumps(document, indent=2).encode(),))


def contract(visit: Visit) -> Mapping[str, object]:
    """Show how well each operation is known, and on which assumptions it stands."""
    demand_control(visit)
    return {"apis": [one.api.contract for one in visit.service.apis]}


def unlock(visit: Visit) -> Mapping[str, object]:
    """Take the control token, where control needs one."""
    safety = visit.service.safety
    if not safety.enabled or safety.token is None:
        raise Missing
    told = visit.form.get("control_token", "")
    if not compare_digest(told.encode("utf-8", "replace"), safety.token.encode()):
        visit.errors["control_token"], visit.status = "this is not the control token", 401
        return {}
    form_token = visit.session.renewed().form_token
    visit.session = replace(visit.session, form_token=form_token, trusted=True)
    raise Redirect("/requests")


def locked(visit: Visit) -> Mapping[str, object]:
    """Ask for the control token."""
    if not visit.service.safety.enabled or visit.may_control:
        raise Missing
    return {}


def _rule_in(form: Mapping[str, str]) -> JsonObject:
    """Return the rule that the fields describe; the control call says whether it makes sense."""
    effect: JsonObject = {"kind": form.get("kind", "")}
    effect |= {name: _number(form[name]) for name in ("status", "seconds") if form.get(name)}
    rule: JsonObject = {"effect": effect}
    if form.get("operation"):
        rule["operation"] = form["operation"]
    if form.get("first"):
        rule["when"] = {"first": _number(form["first"])}
    if form.get("phase"):
        rule["phase"] = form["phase"]
    return rule


def _number(text: str) -> int | float | str:
    """Return the number that a text is, or the text, so that the contract refuses it."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _done(visit: Visit, path: str, notice: str) -> Redirect:
    visit.session.notice = notice
    return Redirect(path)


PAGES = (
    Page("GET", "/faults", faults, "faults.html", public=True),
    Page("POST", "/faults", arm, "faults.html", public=True),
    Page("POST", "/faults/recipe", arm_recipe, "faults.html", public=True),
    Page("POST", "/faults/disarm", disarm, "faults.html", public=True),
    Page("GET", "/clock", clock, "clock.html", public=True),
    Page("POST", "/clock", set_clock, "clock.html", public=True),
    Page("GET", "/worlds", worlds, "worlds.html", public=True),
    Page("POST", "/worlds/reset", reset, "worlds.html", public=True),
    Page("POST", "/worlds/seed", seed, "worlds.html", public=True),
    Page("POST", "/worlds/snapshots", save_snapshot, "worlds.html", public=True),
    Page("POST", "/worlds/snapshot", change_snapshot, "worlds.html", public=True),
    Page("POST", "/worlds/sandbox", change_sandbox, "worlds.html", public=True),
    Page("GET", "/coverage", coverage, "coverage.html", public=True),
    Page("GET", "/coverage/file", coverage_file, public=True),
    Page("GET", "/contract", contract, "contract.html", public=True),
    Page("GET", "/unlock", locked, "unlock.html", public=True),
    Page("POST", "/unlock", unlock, "unlock.html", public=True),
)
"""Every page of the fake itself."""
