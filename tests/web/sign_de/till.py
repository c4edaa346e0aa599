"""A till that signs through the API: short ways to the states that tests begin with."""

from dataclasses import dataclass

from web.api import Answer, Api

TSS = "6f1cbb9a-2f2a-4d5e-9a46-1f6a4b1f0001"
CLIENT = "0b7a5f3e-1c2d-4e3f-8a4b-5c6d7e8f9a0b"
TX = "c1d2e3f4-a5b6-4c7d-8e9f-0a1b2c3d4e5f"
EXPORT = "e5f6a7b8-c9d0-4e1f-9a2b-3c4d5e6f7a8b"
NOWHERE = "99999999-9999-4999-8999-999999999999"
SERIAL = "KASSE-01"
PIN = "123456"
SHOP = "shop_test"


@dataclass(frozen=True, slots=True)
class Till:
    """Calls SIGN DE as a managed organization's key."""

    api: Api

    async def put(self, path: str, body: object = None, *, by: str | None = SHOP) -> Answer:
        return await self.api.call("PUT", path, by=by, body={} if body is None else body)

    async def get(self, path: str, *, by: str | None = SHOP) -> Answer:
        return await self.api.get(path, by=by)

    async def patch(self, path: str, body: object, *, by: str | None = SHOP) -> Answer:
        return await self.api.patch(path, body, by=by)

    async def post(self, path: str, body: object, *, by: str | None = SHOP) -> Answer:
        return await self.api.post(path, body, by=by)

    async def delete(self, path: str, *, by: str | None = SHOP) -> Answer:
        return await self.api.delete(path, by=by)

    async def state(self, state: str) -> Answer:
        return await self.patch(f"/tss/{TSS}", {"state": state})

    async def create(self) -> str:
        """Create the TSS and return its PUK."""
        return str((await self.put(f"/tss/{TSS}")).body["admin_puk"])

    async def deploy(self) -> None:
        """Bring the TSS to UNINITIALIZED, with an admin session."""
        puk = await self.create()
        await self.state("UNINITIALIZED")
        await self.patch(f"/tss/{TSS}/admin", {"admin_puk": puk, "new_admin_pin": PIN})
        await self.post(f"/tss/{TSS}/admin/auth", {"admin_pin": PIN})

    async def open(self) -> None:
        """Bring the TSS to INITIALIZED, with one client."""
        await self.deploy()
        await self.state("INITIALIZED")
        await self.put(f"/tss/{TSS}/client/{CLIENT}", {"serial_number": SERIAL})

    async def sign(
        self, revision: object, state: str = "ACTIVE", schema: object = None, **more: object
    ) -> Answer:
        """Make one call on the transaction."""
        body = {"state": state, "client_id": CLIENT, **more}
        if schema is not None:
            body["schema"] = schema
        query = "" if revision is None else f"?tx_revision={revision}"
        return await self.put(f"/tss/{TSS}/tx/{TX}{query}", body)
