"""The HTML report in a real browser: it shows what was found, and asks nobody for anything."""

from pathlib import Path
from typing import TYPE_CHECKING

from fiskaly_contracts import Severity
from fiskaly_contracts.conformance.findings import Finding, Report, Side
from fiskaly_contracts.conformance.reports import as_html

if TYPE_CHECKING:
    from playwright.async_api import Browser

MARKUP = "<script>alert(1)</script><img src=http://127.0.0.1:9/x>"


async def test_a_report_opens_without_a_request_to_anywhere(
    chromium: "Browser", tmp_path: Path
) -> None:
    finding = Finding(
        operation="createOrganization",
        rule="type",
        side=Side.RESPONSE,
        severity=Severity.ERROR,
        message=MARKUP,
        count=1,
    )
    report = Report(check="verify", target=MARKUP, findings=(finding,), counted={"requests": 1})
    file = tmp_path / "report.html"
    file.write_text(as_html(report), encoding="utf-8")
    page = await chromium.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: asked.append(dialog.message))
    await page.goto(file.as_uri())
    assert MARKUP in await page.inner_text("body")
    assert "createOrganization" in await page.inner_text("body")
    assert asked == [file.as_uri()]
    await page.close()
