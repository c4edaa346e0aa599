"""What a person does on the Dashboard, in a real browser."""

import pytest
from browser.person import COMPANY, Person
from fiskaly_mockserver import MockServer
from playwright.async_api import Browser, expect


def opens(server: MockServer, key: str, secret: str) -> bool:
    """Tell whether the API takes a key and a secret."""
    import httpx

    body = {"api_key": key, "api_secret": secret}
    return httpx.post(f"{server.base_url}/auth", json=body, trust_env=False).is_success


async def shown_key(person: Person) -> tuple[str, str]:
    """Return the new key and its secret as they stand on the page."""
    return (
        await person.page.locator("#new-key").inner_text(),
        await person.page.locator("#new-secret").inner_text(),
    )


async def managed_below_the_first_main(person: Person, name: str) -> None:
    await person.go("/organizations/new")
    await person.fill(**{**COMPANY, "name": name})
    await expect(person.page.locator("#managed")).to_be_checked()
    await person.page.locator("main form button.primary").click()
    await person.page.wait_for_url("**/organizations")


async def test_from_sign_up_to_a_managed_organization_with_its_key(
    chromium: Browser, server: MockServer
) -> None:
    granted = ["clipboard-read", "clipboard-write"]
    async with Person.at(chromium, server, locale="en-US", permissions=granted) as person:
        await person.sign_up()
        first = await shown_key(person)
        await managed_below_the_first_main(person, "Filiale Süd")
        row = person.page.get_by_role("row").filter(has_text="Filiale Süd")
        await expect(row.locator(".badge").first).to_have_text("managed")
        await expect(row).to_contain_text("Kiosk Nord")
        key, secret = await shown_key(person)
        assert key != first[0]
        copy = person.page.locator('button[data-copy="new-secret"]')
        await copy.click()
        await expect(copy).to_contain_text("✓")
        assert await person.page.evaluate("navigator.clipboard.readText()") == secret
        assert opens(server, key, secret)
        await person.page.reload()
        await expect(person.page.locator("#new-secret")).to_have_count(0)


async def test_a_german_browser_gets_german_pages(chromium: Browser, server: MockServer) -> None:
    async with Person.at(chromium, server, locale="de-DE") as person:
        await person.sign_up()
        page = person.page
        await expect(page.locator("html")).to_have_attribute("lang", "de")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Übersicht")
        await managed_below_the_first_main(person, "Filiale Süd")
        row = page.get_by_role("row").filter(has_text="Filiale Süd")
        await expect(row.locator(".badge").first).to_have_text("verwaltet")
        await person.press("English")
        await expect(page.locator("html")).to_have_attribute("lang", "en")


async def test_without_javascript_the_same_forms_work(
    chromium: Browser, server: MockServer
) -> None:
    async with Person.at(chromium, server, locale="en-US", java_script_enabled=False) as person:
        await person.sign_up()
        await managed_below_the_first_main(person, "Filiale Süd")
        key, secret = await shown_key(person)
        assert opens(server, key, secret)
        await person.go("/api-keys")
        await person.fill(name="till 1")
        await person.press("Create")
        await expect(person.page.locator("main .error")).to_have_count(1)
        await expect(person.page.locator("#name-error")).to_contain_text("3 to 30")
        await expect(person.page.locator('[name="name"]')).to_have_value("till 1")
        await person.fill(name="till-1")
        await person.press("Create")
        await expect(person.page.get_by_role("row").filter(has_text="till-1")).to_have_count(1)
        await person.press("Sign out")
        await person.page.wait_for_url("**/sign-in")


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>"])
async def test_markup_in_a_name_is_text(person: Person, name: str) -> None:
    """A dialog, or a script that the policy stops, fails the test."""
    await person.sign_up()
    await managed_below_the_first_main(person, name)
    await expect(person.page.get_by_role("link", name=name, exact=True)).to_have_count(1)
    await person.page.get_by_role("link", name=name, exact=True).click()
    await expect(person.page.get_by_role("heading", level=1)).to_contain_text(name)


async def test_the_keyboard_alone_skips_to_the_content_and_signs_in(person: Person) -> None:
    await person.go("/sign-in")
    page, keyboard = person.page, person.page.keyboard
    await keyboard.press("Tab")
    await expect(page.locator(":focus")).to_have_attribute("href", "#main")
    await keyboard.press("Enter")
    assert page.url.endswith("#main")
    await keyboard.press("Tab")
    await expect(page.locator(":focus")).to_have_attribute("name", "email")
    while not await page.locator(".people button:focus").count():
        await keyboard.press("Tab")
    await keyboard.press("Enter")
    await page.wait_for_url("**/overview")
