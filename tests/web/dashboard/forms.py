"""The forms of a page, as a browser would send them."""

from html.parser import HTMLParser
from typing import NamedTuple


class Form(NamedTuple):
    """Where a form is sent, and its fields with what stands in them."""

    action: str
    fields: dict[str, str]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open = False
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = given.get("method") == "post"
            if self._open:
                self.forms.append(Form(given["action"], {}))
        elif self._open and tag == "option" and self._select:
            fields = self.forms[-1].fields
            if not fields[self._select] or "selected" in given:
                fields[self._select] = given.get("value", "")
        elif self._open and tag in ("input", "select", "textarea", "button") and "name" in given:
            self.forms[-1].fields.setdefault(given["name"], given.get("value", ""))
            self._select = given["name"] if tag == "select" else ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = False


def forms_on(page: str) -> list[Form]:
    """Return the forms of a page that change something."""
    reader = _Reader()
    reader.feed(page)
    return reader.forms
