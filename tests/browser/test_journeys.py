"""What a person does on the Dashboard, in a real browser."""

import asyncio
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from browser.person import Person
from builders.signed_receipt import PIN, TSS, ask, sign_receipt
from fiskaly_mockserver import MockServer
from playwright.async_api import Browser, expect
from web.dashboard.browser import COMPANY

ADDRESS = ("address_line1", "zip", "town", "country_code")


def opens(server: MockServer, key: str, secret: str) -> bool:
    """Tell whether the API takes a key and a secret."""
    body = {"api_key": key, "api_secret": secret}
    return httpx.post(f"{server.base_url}/auth", json=body, trust_env=False).is_success


async def shown_key(person: Person) -> tuple[str, str]:
    """Return the new key and its secret as they stand on the page."""
    return (
        await person.page.locator("#new-key").inner_text(),
        await person.page.locator("#new-secret").inner_text(),
    )


async def copied(person: Person, name: str) -> str:
    """Press the button that copies, and return what is in the clipboard."""
    copy = person.page.locator(f'button[data-copy="{name}"]')
    await copy.click()
    await expect(copy).to_contain_text("✓")
    return str(await person.page.evaluate("navigator.clipboard.readText()"))


async def managed_below_the_first_main(person: Person, name: str) -> None:
    await person.go("/organizations/new")
    await person.fill(**{**COMPANY, "name": name})
    await expect(person.page.locator("#managed")).to_be_checked()
    await person.page.locator("main form button.primary").click()
    await person.page.wait_for_url("**/organizations")


async def test_from_sign_up_to_a_signed_receipt_that_appears_by_itself(
    chromium: Browser, server: MockServer
) -> None:
    """The whole way of a new customer: the key is copied from the page, as a developer would."""
    granted = ["clipboard-read", "clipboard-write"]
    async with Person.at(chromium, server, locale="en-US", permissions=granted) as person:
        page = person.page
        await person.sign_up()
        first = await shown_key(person)
        await managed_below_the_first_main(person, "Filiale Süd")
        row = page.get_by_role("row").filter(has_text="Filiale Süd")
        await expect(row.locator(".badge").first).to_have_text("managed")
        await expect(row).to_contain_text("Kiosk Nord")
        key, secret = await copied(person, "new-key"), await copied(person, "new-secret")
        assert (key, secret) == await shown_key(person)
        assert key != first[0]
        await page.reload()
        await expect(page.locator("#new-secret")).to_have_count(0)

        await row.get_by_role("button").click()
        await page.wait_for_url("**/overview")
        await person.go("/transactions")
        await expect(page.locator("main .empty")).to_have_count(1)
        token = ask(server, "POST", "/auth", {"api_key": key, "api_secret": secret})
        await asyncio.to_thread(sign_receipt, server, str(token["access_token"]))
        receipt = page.get_by_role("row").filter(has_text="KASSE-01")
        await expect(receipt).to_contain_text("FINISHED")
        await receipt.get_by_role("link").click()
        await expect(page.locator('img[src^="data:image/svg"]')).to_be_visible()

        await person.go(f"/tss/{TSS}")
        await page.locator("section.danger summary").click()
        await page.locator("section.danger input[type=password]").fill(PIN)
        await page.locator("section.danger button").click()
        await expect(page.locator("h1 .badge")).to_have_text("DISABLED")


async def test_a_fault_that_is_armed_on_the_page_strikes_a_client(person: Person) -> None:
    page, server = person.page, person.server
    await person.sign_in()
    await person.go("/faults")
    await page.locator("#operation").select_option("authenticate")
    await page.locator("#kind").select_option("status")
    await person.fill(status="503", first="1")
    await page.locator("form button.primary").click()
    hits = page.locator("#live-faults tbody tr")
    await expect(hits).to_contain_text("0 / 0")
    credentials = server.credentials
    assert not opens(server, credentials.key, credentials.secret)
    await expect(hits).to_contain_text("1 / 1")
    assert opens(server, credentials.key, credentials.secret)
    await person.go("/requests")
    await expect(page.locator("#live-requests tbody tr")).to_have_count(2)
    opens(server, credentials.key, "wrong")
    await expect(page.locator("#live-requests tbody tr").first).to_contain_text("401")


async def test_a_german_browser_gets_german_pages(chromium: Browser, server: MockServer) -> None:
    async with Person.at(chromium, server, locale="de-DE") as person:
        await person.sign_up()
        page = person.page
        await expect(page.locator("html")).to_have_attribute("lang", "de")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Übersicht")
        for tile in await page.locator(".tiles dt").all():
            assert await tile.evaluate("one => one.scrollWidth <= one.clientWidth")
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


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '"><svg/onload=alert(1)>',
        "' autofocus onfocus='alert(1)",
    ],
)
async def test_markup_is_text_wherever_it_is_shown(person: Person, text: str) -> None:
    """A dialog, or a script that the policy stops, fails the test."""
    page = person.page
    await person.sign_up()
    await person.go("/organizations/new")
    markup = {"metadata.name.0": "note", "metadata.value.0": text, "display_name": text}
    await person.fill(**{**COMPANY, "name": text, **markup})
    await page.locator("main form button.primary").click()
    await page.get_by_role("link", name=text, exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text(text)
    await expect(page.locator('[name="metadata.value.0"]')).to_have_value(text)
    await person.go("/billing")
    await person.fill(recipient=text, **{name: COMPANY[name] for name in ADDRESS})
    await page.locator("main form button.primary").click()
    await expect(page.get_by_role("cell", name=text, exact=True)).to_have_count(1)
    await page.goto(f"{page.url}?page={quote(text)}")
    await page.locator('footer [name="zone"]').fill(text)
    await page.locator("footer button").click()
    await expect(page.locator(".notice")).to_have_count(1)


async def test_a_logo_is_uploaded_and_drawn(person: Person, tmp_path: Path) -> None:
    page = person.page
    await person.sign_up()
    await person.go("/organizations")
    await page.get_by_role("link", name="Kiosk Nord").click()
    logo = tmp_path / "logo.svg"
    rect = '<rect width="40" height="20"/>'
    logo.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20">{rect}</svg>')
    await page.locator("#logo").set_input_files(logo)
    await person.press("Upload")
    await expect(page.locator("img.logo").first).to_be_visible()
    for drawn in await page.locator("img.logo").all():
        assert await drawn.evaluate("one => one.decode().then(() => one.naturalWidth)") == 40
    await person.press("Remove the logo")
    await expect(page.locator("img.logo")).to_have_count(0)


async def test_the_keyboard_alone_skips_to_the_content_and_signs_in(person: Person) -> None:
    await person.go("/sign-in")
    page, keyboard = person.page, person.page.keyboard
    await keyboard.press("Tab")
    await expect(page.locator(":focus")).to_have_attribute("href", "#main")
    await keyboard.press("Enter")
    await page.wait_for_url("**#main")
    await keyboard.press("Tab")
    await expect(page.locator(":focus")).to_have_attribute("name", "email")
    while not await page.locator(".people button:focus").count():
        await keyboard.press("Tab")
    await keyboard.press("Enter")
    await page.wait_for_url("**/overview")
