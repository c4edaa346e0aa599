"""Somebody in front of a browser."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, Self

from fiskaly_mockserver import MockServer
from playwright.async_api import Browser, Page, expect
from web.dashboard.browser import COMPANY

PATIENCE_MS = 30_000
"""How long a page may take on a busy machine; none takes a tenth of it else."""

expect.set_options(timeout=PATIENCE_MS)


class Person(NamedTuple):
    page: Page
    server: MockServer

    @classmethod
    @asynccontextmanager
    async def at(cls, browser: Browser, server: MockServer, **settings: Any) -> AsyncIterator[Self]:
        """Open a window; at its end no script may have failed and no policy been broken."""
        context = await browser.new_context(base_url=f"http://127.0.0.1:{server.port}", **settings)
        context.set_default_timeout(PATIENCE_MS)
        page = await context.new_page()
        failed: list[str] = []
        page.on("pageerror", lambda error: failed.append(str(error)))
        page.on("dialog", lambda dialog: failed.append(f"dialog {dialog.message}"))
        page.on(
            "console",
            lambda told: failed.append(told.text) if "Content Security" in told.text else None,
        )
        try:
            yield cls(page, server)
        finally:
            await context.close()
        assert failed == []

    async def go(self, path: str) -> int:
        """Open a page, and return its status."""
        response = await self.page.goto(f"/dashboard{path}")
        assert response is not None
        return response.status

    async def press(self, name: str) -> None:
        await self.page.get_by_role("button", name=name, exact=True).first.click()

    async def fill(self, **fields: str) -> None:
        for name, value in fields.items():
            await self.page.locator(f'[name="{name}"]').fill(value)

    async def sign_up(self, email: str = "new@example.com") -> None:
        """Register with a first main organization; the form may be in any language."""
        await self.go("/sign-up")
        await self.fill(email=email, password="a password", **COMPANY)
        await self.page.locator("main form button").click()
        await self.page.wait_for_url("**/overview")

    async def sign_in(self, *, managed: bool = False) -> None:
        """Sign in as a seeded person by one click."""
        await self.go("/sign-in")
        people = self.page.locator(".people button")
        has = people.filter(has_text="managed")
        chosen = has if managed else people.filter(has_not_text="managed")
        await chosen.first.click()
        await self.page.wait_for_url("**/overview")

    async def look_at(self, organization_id: str) -> None:
        await self.go("/organizations")
        await self.page.locator(f'button[value="{organization_id}"]').click()
        await self.page.wait_for_url("**/overview")
