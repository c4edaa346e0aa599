"""SIGN DE on the wire: fields and their order, headers, bodies, as recorded."""

import io
import tarfile
from base64 import b64decode
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import core  # type: ignore[import-untyped]
from builders.openssl import OpenSsl
from builders.receipts import receipt
from fiskaly_mockserver.domain.signing.model import TssId
from fiskaly_mockserver.world.signing import verifies
from web.api import Api
from web.sign_de.till import CLIENT, EXPORT, SERIAL, TSS, TX, Till

FIXED = [
    "certificate",
    "serial_number",
    "public_key",
    "signature_algorithm",
    "signature_timestamp_format",
    "transaction_data_encoding",
    "max_number_registered_clients",
    "max_number_active_transactions",
    "supported_update_variants",
    "metadata",
    "_id",
    "_type",
    "_env",
    "_version",
    "time_creation",
]
TRANSACTION = [
    "schema",
    "state",
    "tss_id",
    "tss_serial_number",
    "client_id",
    "client_serial_number",
    "revision",
    "latest_revision",
    "number",
    "time_start",
]
CHANGED = [
    "time_creation",
    "time_uninit",
    "certificate",
    "serial_number",
    "public_key",
    "signature_counter",
    "signature_algorithm",
    "signature_timestamp_format",
    "transaction_data_encoding",
    "number_registered_clients",
    "max_number_registered_clients",
    "number_active_transactions",
    "max_number_active_transactions",
    "supported_update_variants",
    "_type",
    "_env",
    "_version",
]


async def test_a_tss_from_creation_to_work(till: Till) -> None:
    created = await till.put(f"/tss/{TSS}")
    assert created.status == 200
    assert list(created.body) == [*FIXED, "admin_puk", "state"]
    assert created.body["state"] == "CREATED"
    point = b64decode(created.body["public_key"])
    assert created.body["serial_number"] == sha256(point).hexdigest()
    again = await till.put(f"/tss/{TSS}", {"state": "INITIALIZED", "description": "x"})
    assert again.raw == created.raw
    assert (await till.get(f"/tss/{TSS}")).raw == created.raw
    deployed = await till.state("UNINITIALIZED")
    assert list(deployed.body) == ["_id", "state", *CHANGED]
    assert deployed.body["signature_counter"] == "25"
    puk = created.body["admin_puk"]
    pin = await till.patch(f"/tss/{TSS}/admin", {"admin_puk": puk, "new_admin_pin": "123456"})
    login = await till.post(f"/tss/{TSS}/admin/auth", {"admin_pin": "123456"})
    assert (pin.raw, login.raw) == (b"{}", b"{}")
    changed = await till.state("INITIALIZED")
    assert list(changed.body) == [
        "_id",
        "description",
        "state",
        "time_creation",
        "time_uninit",
        "time_init",
        *CHANGED[2:],
    ]
    same = await till.patch(f"/tss/{TSS}", {"state": "INITIALIZED", "metadata": {"a": 1}})
    assert list(same.body)[:3] == ["description", "state", "certificate"]
    assert list(same.body)[-4:] == ["_version", "time_creation", "time_uninit", "time_init"]
    assert same.body["metadata"] == {"a": "1"}
    assert same.body["transaction_counter"] == "0"
    assert (await till.api.call("POST", f"/tss/{TSS}/admin/logout", by="shop_test")).raw == b"{}"
    read = await till.get(f"/tss/{TSS}")
    assert list(read.body) == [
        *FIXED,
        "description",
        "state",
        "bsi_certification_id",
        "signature_counter",
        "transaction_counter",
        "number_registered_clients",
        "number_active_transactions",
        "time_uninit",
        "time_init",
    ]
    listed = (await till.get("/tss")).body
    assert list(listed) == ["data", "count", "_type", "_env", "_version"]
    assert listed["data"] == [read.body]


async def test_clients_on_the_wire(till: Till) -> None:
    await till.deploy()
    created = await till.put(f"/tss/{TSS}/client/{CLIENT}", {"serial_number": SERIAL})
    assert list(created.body) == [
        "_id",
        "state",
        "serial_number",
        "time_creation",
        "tss_id",
        "_type",
        "_env",
        "_version",
    ]
    read = await till.get(f"/tss/{TSS}/client/{CLIENT.upper()}")
    order = ["serial_number", "state", "tss_id", "metadata", "_id", "_type", "_env", "_version"]
    assert list(read.body) == [*order, "time_creation"]
    changed = await till.patch(
        f"/tss/{TSS}/client/{CLIENT}", {"state": "DEREGISTERED", "metadata": {"a": "b"}}
    )
    assert list(changed.body) == [*order, "time_creation", "time_update"]
    for path in ("/client", f"/tss/{TSS}/client?state=DEREGISTERED&serial_number={SERIAL}"):
        assert (await till.get(path)).body["data"] == [changed.body]
    assert (await till.get("/client?state=REGISTERED")).body["count"] == 0


async def test_a_receipt_is_signed_step_by_step(till: Till) -> None:
    await till.open()
    started = await till.sign(1)
    assert list(started.body) == [
        *TRANSACTION,
        "_id",
        "_type",
        "_env",
        "_version",
        "signature",
        "log",
    ]
    assert list(started.body["signature"]) == ["value", "algorithm", "counter", "public_key"]
    assert started.body["schema"] == {}
    assert started.body["log"]["operation"] == "Start"
    done = await till.sign(2, "FINISHED", receipt())
    assert list(done.body) == [
        *TRANSACTION,
        "time_end",
        "_id",
        "_type",
        "_env",
        "_version",
        "signature",
        "log",
        "qr_code_data",
    ]
    assert done.body["signature"]["counter"] == started.body["signature"]["counter"] + 1
    repeated = await till.sign(2, "FINISHED", receipt())
    assert repeated.body["signature"]["counter"] == str(done.body["signature"]["counter"])
    assert repeated.body["qr_code_data"] == done.body["qr_code_data"]
    for name in (TX, "1"):
        assert (await till.get(f"/tss/{TSS}/tx/{name}")).body == done.body
    first = (await till.get(f"/tss/{TSS}/tx/{TX}?tx_revision=1")).body
    assert (first["revision"], first["latest_revision"], first["state"]) == (1, 2, "ACTIVE")
    for path in ("/tx", f"/tss/{TSS}/tx", f"/tss/{TSS}/client/{CLIENT}/tx"):
        assert (await till.get(f"{path}?states=FINISHED")).body["data"] == [done.body]


async def test_an_independent_reader_verifies_the_qr_code(till: Till) -> None:
    """Read the code and put the signed bytes together by another library than ours."""
    await till.open()
    await till.sign(1)
    code = (await till.sign(2, "FINISHED", receipt())).body["qr_code_data"]
    parts = code.split(";")
    assert parts[:4] == [
        "V0",
        SERIAL,
        "Kassenbeleg-V1",
        "Beleg^11.90_0.00_0.00_0.00_0.00^11.90:Bar",
    ]
    point = b64decode(parts[11])

    def tagged(number: int, content: bytes) -> bytes:
        octets: Any = core.OctetString(content, implicit=number)
        data: bytes = octets.dump()
        return data

    moment = 1_760_000_000
    signed = b"".join(
        (
            core.Integer(2).dump(),
            core.ObjectIdentifier("0.4.0.127.0.7.3.7.1.1").dump(),
            tagged(0, b"FinishTransaction"),
            tagged(1, parts[1].encode()),
            tagged(2, parts[3].encode()),
            tagged(3, parts[2].encode()),
            tagged(5, b"\x01"),
            core.OctetString(sha256(point).digest()).dump(),
            bytes.fromhex("300c060a04007f00070101040103"),
            core.Integer(int(parts[5])).dump(),
            core.Integer(moment).dump(),
        )
    )
    assert parts[7].startswith("2025-10-09T")
    assert verifies(point, signed, b64decode(parts[10]))


async def test_an_export_from_request_to_file(till: Till, tmp_path: Path) -> None:
    await till.open()
    await till.sign(1)
    await till.sign(2, "FINISHED", receipt())
    asked = await till.put(f"/tss/{TSS}/export/{EXPORT}")
    assert list(asked.body) == [
        "state",
        "time_request",
        "metadata",
        "tss_id",
        "_type",
        "_id",
        "_env",
        "_version",
    ]
    early = await till.get(f"/tss/{TSS}/export/{EXPORT}/file")
    assert (early.status, early.code) == (404, "E_EXPORT_NOT_COMPLETED")
    assert early.headers["Retry-After"] == "60"
    done = await till.get(f"/tss/{TSS}/export/{EXPORT}")
    assert list(done.body)[:5] == [
        "state",
        "time_request",
        "time_start",
        "time_end",
        "time_expiration",
    ]
    file = await till.get(f"/tss/{TSS}/export/{EXPORT}/file")
    assert file.headers["Content-Type"] == "application/x-tar"
    with tarfile.open(fileobj=io.BytesIO(file.raw)) as archive:
        names = archive.getnames()
        archive.extractall(tmp_path, filter="data")
    tss = (await till.get(f"/tss/{TSS}")).body
    assert names[:2] == ["info.csv", f"{tss['serial_number']}_X509.der"]
    counters = [int(name.split("_Sig-")[1].split("_")[0]) for name in names[3:]]
    assert counters == [*range(1, int(tss["signature_counter"]) + 1)]
    assert names[-1].endswith(f"_Log-Tra_No-1_Finish_Client-{SERIAL}.log")
    certificate = (tmp_path / names[1]).read_bytes()
    openssl = OpenSsl(tmp_path)
    for name in names[3:]:
        assert openssl.accepts_log((tmp_path / name).read_bytes(), certificate), name


async def test_metadata_is_a_bare_object(till: Till) -> None:
    await till.open()
    await till.sign(1)
    await till.put(f"/tss/{TSS}/export/{EXPORT}")
    for path in (
        f"/tss/{TSS}",
        f"/tss/{TSS}/client/{CLIENT}",
        f"/tss/{TSS}/tx/{TX}",
        f"/tss/{TSS}/export/{EXPORT}",
    ):
        assert (await till.get(f"{path}/metadata")).raw == b"{}"
        merged = await till.patch(f"{path}/metadata", {"a": "1", "b": 2})
        assert merged.body == {"a": "1", "b": "2"}
        assert (await till.patch(f"{path}/metadata", {"a": ""})).body == {"b": "2"}
        assert (await till.get(f"{path}/metadata")).body == {"b": "2"}


async def test_metadata_of_other_types_is_kept_as_text(till: Till) -> None:
    sent = {"yes": True, "no": False, "whole": 7, "part": 0.5, "text": "t"}
    kept = {"yes": "true", "no": "false", "whole": "7", "part": "0.5", "text": "t"}
    assert (await till.put(f"/tss/{TSS}", {"metadata": sent})).body["metadata"] == kept
    assert (await till.patch(f"/tss/{TSS}/metadata", {"new": True})).body == {**kept, "new": "true"}


async def test_metadata_grows_to_40_entries_and_no_call_makes_it_more(till: Till) -> None:
    await till.open()
    await till.sign(1, metadata={f"k{number}": "1" for number in range(40)})
    await till.put(f"/tss/{TSS}/export/{EXPORT}")
    client = f"/tss/{TSS}/client/{CLIENT}"
    paths = [f"/tss/{TSS}", client, f"/tss/{TSS}/tx/{TX}", f"/tss/{TSS}/export/{EXPORT}"]
    for path in paths:
        forty = {f"k{number}": "1" for number in range(40)}
        assert len((await till.patch(f"{path}/metadata", forty)).body) == 40
        assert (await till.patch(f"{path}/metadata", {"k0": "", "new": "1"})).status == 200
    before = await till.get(f"/tss/{TSS}"), await till.get(client)
    one = {"one": "more"}
    for answer in (
        *[await till.patch(f"{path}/metadata", one) for path in paths],
        await till.patch(f"/tss/{TSS}", {"state": "DISABLED", "metadata": one}),
        await till.patch(client, {"state": "DEREGISTERED", "metadata": one}),
        await till.put(client, {"serial_number": SERIAL, "metadata": one}),
        await till.sign(2, "FINISHED", receipt(), metadata=one),
    ):
        assert (answer.status, answer.code) == (400, "E_FAILED_SCHEMA_VALIDATION")
        assert list(answer.body) == ["status_code", "error", "code", "message"]
        assert answer.message.startswith("metadata should NOT have more than 40 properties")
    after = await till.get(f"/tss/{TSS}"), await till.get(client)
    assert [one.body for one in after] == [one.body for one in before]


async def test_a_number_of_metadata_is_no_longer_than_a_text(till: Till) -> None:
    await till.create()
    assert (await till.patch(f"/tss/{TSS}/metadata", {"n": 10**499})).status == 200
    answer = await till.patch(f"/tss/{TSS}/metadata", {"n": 10**500})
    assert (answer.status, answer.code, answer.message) == (
        400,
        "E_FAILED_SCHEMA_VALIDATION",
        "metadata.n should be a text of at most 500 characters",
    )


@pytest.mark.parametrize(("size", "told"), [(1_023, False), (1_024, True)])
async def test_only_an_answer_that_is_worth_it_may_come_compressed(
    till: Till, size: int, *, told: bool
) -> None:
    await till.create()
    left = size - len('{"a":"","b":"","c":""}') - 2 * 500
    names = {"a": "x" * 500, "b": "x" * 500, "c": "x" * left}
    rows = till.api.account.world.rows
    tss = rows.tss.get(TssId(TSS))
    assert tss is not None
    rows.tss.put(replace(tss, metadata=names))
    answer = await till.get(f"/tss/{TSS}/metadata")
    assert len(answer.raw) == size
    assert (answer.headers.get("Vary") == "Accept-Encoding") is told


async def test_headers_of_answers(till: Till) -> None:
    created = await till.put(f"/tss/{TSS}")
    assert created.headers["Content-Type"] == "application/json; charset=utf-8"
    assert created.headers["Access-Control-Allow-Origin"] == "*"
    assert created.headers["Access-Control-Expose-Headers"] == "X-Request-ID, Request-ID"
    assert created.headers["Vary"] == "Accept-Encoding"
    assert len(created.headers["Request-Id"]) == 32
    assert "X-Request-Id" not in created.headers
    bare = await till.patch("/tss/abc", {"state": "INITIALIZED"})
    assert bare.headers["Content-Type"] == "application/json"
    assert bare.headers["Access-Control-Allow-Origin"] == "*"
    assert "Request-Id" not in bare.headers
    assert "Access-Control-Expose-Headers" not in bare.headers


async def test_tokens_are_shared_by_both_apis(till: Till, api: Api) -> None:
    assert (await api.get("/organizations", by="shop_test")).status == 200
    assert (await till.get("/tss")).status == 200
