"""Take the pictures of docs/images: `PYTHONPATH=tests python -m browser.screenshots`.

The world follows from a seed and its clock stands still, so that a picture changes with its page
alone; only the id and the duration of a request are its own.
"""

import asyncio
import shutil
import struct
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from zlib import compress, crc32

import httpx
from browser.person import Person
from fiskaly_mockserver import MockServer
from fiskaly_mockserver.world.clock import FrozenClock
from fiskaly_mockserver.world.seams import Seams
from playwright.async_api import Browser, Page, async_playwright

IMAGES = Path(__file__).parents[2] / "docs" / "images"
AT = 1_795_000_000
"""When the pictures are taken, in unix seconds."""
SIZE = {"width": 1100, "height": 760}


class Picture(NamedTuple):
    """A page, by its address, and how it is looked at."""

    name: str
    path: str
    settings: Mapping[str, Any] = MappingProxyType({})


def pictures(server: MockServer) -> list[Picture]:
    shop = next(one for one in server.tree.managed if one.all_tss)
    tss_id = shop.tss.tss_id
    row = next(iter(server._service.world.rows.transactions.select("tss", tss_id)))
    refused = next(one for one in server.journal if one.status == httpx.codes.BAD_REQUEST)
    return [
        Picture("overview", "/overview"),
        Picture("overview-dark", "/overview", {"locale": "de-DE", "color_scheme": "dark"}),
        Picture("organizations", "/organizations"),
        Picture("billing", "/billing"),
        Picture("tss", f"/tss/{tss_id}"),
        Picture("transaction", f"/transactions/{tss_id}/{row.id}"),
        Picture("request", f"/requests/{refused.request_id}"),
        Picture("faults", "/faults"),
    ]


def as_a_client(server: MockServer) -> None:
    """Call the API as a till that is being written would, and arm a fault that strikes it."""
    key = server.credentials
    with httpx.Client(base_url=f"{server.base_url}/", trust_env=False) as client:
        body = {"api_key": key.key, "api_secret": key.secret}
        token = client.post("auth", json=body).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        client.get("organizations")
        client.post("organizations", json={"name": "Café", "zip": 10115, "city": "Berlin"})
        server.control.arm_fault(
            {
                "operation": "createApiKey",
                "when": {"first": 2},
                "effect": {"kind": "status", "status": 503},
            }
        )
        mine = server.tree.main.organization_id
        client.post(f"organizations/{mine}/api-keys", json={"name": "till", "status": "enabled"})


async def take(browser: Browser, server: MockServer, one: Picture) -> None:
    settings = {"locale": "en-US", "viewport": SIZE, **one.settings}
    async with Person.at(browser, server, **settings) as person:
        await person.sign_in()
        shop = next(row for row in server.tree.managed if row.all_tss)
        if one.name not in ("organizations", "billing"):
            await person.look_at(shop.organization_id)
        await person.go(one.path)
        picture = await person.page.screenshot()
    async with Person.at(browser, server) as person:  # without a policy that keeps pictures out
        (IMAGES / f"{one.name}.png").write_bytes(await small(person.page, picture))


PIXELS = """async picture => {
    const image = new Image();
    image.src = `data:image/png;base64,${picture}`;
    await image.decode();
    const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    for (const step of [3, 5, 15, 17, 51]) {
        const colors = new Map(), pixels = [];
        for (let at = 0; at < data.length; at += 4) {
            const color = [0, 1, 2].map(one => Math.round(data[at + one] / step) * step).join();
            if (!colors.has(color)) colors.set(color, colors.size);
            pixels.push(colors.get(color));
        }
        if (colors.size <= 256) return [image.width, pixels, [...colors.keys()]];
    }
}"""
"""Reads a picture as a width, an index of a color for each pixel, and at most 256 colors."""


async def small(page: Page, picture: bytes) -> bytes:
    """Return the same picture with at most 256 colors: an eighth of the bytes."""
    encoded = b64encode(picture).decode()
    width, pixels, colors = await page.evaluate(PIXELS, encoded)
    palette = bytes(int(part) for color in colors for part in color.split(","))
    rows = [bytes([0, *pixels[at : at + width]]) for at in range(0, len(pixels), width)]
    head = struct.pack(">IIBBBBB", width, len(rows), 8, 3, 0, 0, 0)
    chunks = (
        (b"IHDR", head),
        (b"PLTE", palette),
        (b"IDAT", compress(b"".join(rows), 9)),
        (b"IEND", b""),
    )
    return picture[:8] + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", crc32(name + data))
        for name, data in chunks
    )


async def main() -> None:
    seams = Seams(clock=FrozenClock(AT))
    with MockServer(dashboard=True, size=4, tills=3, receipts=80, seams=seams) as server:
        as_a_client(server)
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"))
            for one in pictures(server):
                await take(browser, server, one)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
