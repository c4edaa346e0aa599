"""HTTP archives (HAR 1.2) of any tool, read entry by entry, and written all or nothing.

Reading holds one entry at a time, so an archive may be larger than the memory.
"""

import json
import os
import re
import shutil
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from math import isfinite
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import urlencode, urlsplit

from fiskaly_contracts.conformance.exchanges import HttpExchange, Pairs, header, noted
from fiskaly_contracts.json_value import JsonValue

CREATOR: Final = "fiskaly-mockserver"
_CHUNK: Final = 1 << 16
_ENTRIES = re.compile(r'"entries"\s*:\s*\[')
_SPACE = " \t\r\n"
_UNKNOWN = -1
_UNKNOWN_TIME = "1970-01-01T00:00:00.000+00:00"
_NO_BODY = "the recording has no body"
_END = object()
_NOTED = re.compile("(?:request|answer): ")
_EMPTY = frozenset({"body: empty", "body: null"})


class HarError(ValueError):
    """What should be an archive is none, or is cut short; the text names file and entry."""


def read_har(path: Path) -> Iterator[HttpExchange]:
    """Yield the exchanges of an archive in their order.

    Raises:
        HarError: The file cannot be read, is no HAR, or ends before its last entry.
    """
    try:
        with path.open(encoding="utf-8-sig") as stream:
            for index, entry in enumerate(_Reader(stream, str(path)).entries()):
                yield exchange_of(entry, f"{path}: entry {index}")
    except OSError as error:
        raise HarError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise HarError(f"{path} is not UTF-8") from error


def exchange_of(entry: object, place: str) -> HttpExchange:
    """Read one entry; `place` names it in messages.

    Raises:
        HarError: It has no request with method and url, or a field is of a wrong type.
    """
    try:
        return _exchange(entry)
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        said = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise HarError(f"{place}: {said}") from error


def entry_of(exchange: HttpExchange) -> dict[str, JsonValue]:
    """Return an exchange as an entry."""
    request: dict[str, JsonValue] = {
        "method": exchange.method,
        "url": exchange.url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _written(exchange.request_headers),
        "queryString": _written(exchange.query),
        "headersSize": _UNKNOWN,
        "bodySize": len(exchange.request_body),
    }
    if exchange.request_body:
        media_type = header(exchange.request_headers, "content-type")
        request["postData"] = {
            "mimeType": media_type or "x-unknown",
            "params": [],
            **_content(exchange.request_body),
        }
    return {
        "startedDateTime": exchange.started or _UNKNOWN_TIME,
        "time": exchange.took,
        "request": request,
        "response": {
            "status": exchange.status,
            "statusText": _reason(exchange.status),
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _written(exchange.response_headers),
            "content": {
                "size": len(exchange.response_body),
                "mimeType": header(exchange.response_headers, "content-type") or "x-unknown",
                **_content(exchange.response_body),
            },
            "redirectURL": "",
            "headersSize": _UNKNOWN,
            "bodySize": len(exchange.response_body),
        },
        "cache": {},
        "timings": {"send": 0, "wait": exchange.took, "receive": 0},
        **({"comment": exchange.note} if exchange.note else {}),
    }


class HarWriter:
    """Writes entries one by one; see `writing_har`."""

    def __init__(self, stream: IO[str]) -> None:
        """Begin an archive."""
        self._stream = stream
        self._count = 0
        creator = json.dumps({"name": CREATOR, "version": ""})
        stream.write(f'{{"log": {{"version": "1.2", "creator": {creator}, "entries": [\n')

    def add(self, entry: Mapping[str, JsonValue]) -> None:
        """Write an entry of `entry_of`."""
        self._stream.write(",\n" if self._count else "")
        self._stream.write(json.dumps(entry))
        self._count += 1

    def end(self) -> None:
        """Close what `__init__` opened."""
        self._stream.write("\n]}}\n")


@contextmanager
def writing_har(path: Path) -> Iterator[HarWriter]:
    """Write an archive: the file is there when the block ends well, and untouched if not.

    Raises:
        HarError: The file cannot be written.
    """
    target = path.resolve()  # where a link leads, which stays a link
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with partial.open("w", encoding="ascii") as stream:
            writer = HarWriter(stream)
            yield writer
            writer.end()
        if target.exists():
            shutil.copymode(target, partial)
        partial.replace(target)
    except OSError as error:
        raise HarError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


class _Reader:
    """Reads the entries of an archive one by one."""

    def __init__(self, stream: IO[str], name: str) -> None:
        self._stream = stream
        self._name = name
        self._text = ""
        self._index = 0

    def entries(self) -> Iterator[Any]:
        """Yield the raw entries; the rest of the archive is only looked at for its end."""
        while (found := _ENTRIES.search(self._text)) is None:
            if not self._more(_CHUNK):
                raise HarError(f"{self._name} is no HAR: it has no log.entries")
        self._text = self._text[found.end() :]
        while (entry := self._next()) is not _END:
            yield entry
            self._index += 1
        self._text = self._text.rstrip(_SPACE)[-1:]
        while self._more(_CHUNK):
            self._text = self._text.rstrip(_SPACE)[-1:]
        if self._text != "}":
            raise HarError(f"{self._name} is cut short after its last entry")

    def _next(self) -> Any:
        size = _CHUNK
        while True:
            self._text = self._text.lstrip(_SPACE + ",")
            if self._text.startswith("]"):
                return _END
            try:
                entry, end = json.JSONDecoder().raw_decode(self._text)
            except json.JSONDecodeError as error:
                if not self._more(size):
                    place = f"in entry {self._index}"
                    raise HarError(f"{self._name} is cut short or broken {place}") from error
                size *= 2
                continue
            except ValueError as error:
                place = f"entry {self._index} has a number of too many digits"
                raise HarError(f"{self._name}: {place}") from error
            except RecursionError as error:
                raise HarError(f"{self._name}: entry {self._index} is nested too deep") from error
            self._text = self._text[end:]
            return entry

    def _more(self, size: int) -> bool:
        read = self._stream.read(size)
        self._text += read
        return bool(read)


def _exchange(entry: object) -> HttpExchange:
    if not isinstance(entry, dict):
        raise TypeError("it should be an object")
    request, response = entry["request"], entry.get("response") or {}
    method, url = request["method"], request["url"]
    if not isinstance(method, str) or not isinstance(url, str):
        raise TypeError("method and url should be texts")
    urlsplit(url)  # which says what is wrong with it
    sent, sent_note = _request_body(request)
    content = response.get("content") or {}
    got = _text(content)
    recorded = got is not None or not (content.get("size") or _left_out(content))
    exchange = HttpExchange(
        method.upper(),
        url,
        _pairs(request.get("headers")),
        sent,
        int(response.get("status") or 0),
        _pairs(response.get("headers")),
        got or b"",
        noted(sent_note, "" if recorded else _NO_BODY),
        str(entry.get("startedDateTime") or ""),
        _milliseconds(entry.get("time")),
    )
    ours = str(entry.get("comment") or "")  # what was read or forwarded without its bodies
    return exchange if exchange.note or not _NOTED.match(ours) else exchange._replace(note=ours)


def _milliseconds(value: Any) -> float:
    took = float(value or 0)
    return took if isfinite(took) else 0.0


def _request_body(request: Mapping[str, Any]) -> tuple[bytes, str]:
    data = request.get("postData") or {}
    text = _text(data)
    if text:
        return text, ""
    if data.get("params"):
        return urlencode(
            [(one["name"], one.get("value", "")) for one in data["params"]]
        ).encode(), ""
    # Some tools leave the text out, and say how long it was in one of two places
    sizes = (request.get("bodySize"), header(_pairs(request.get("headers")), "content-length"))
    unseen = any(str(size).isdecimal() and int(str(size)) > 0 for size in sizes)
    return b"", _NO_BODY if unseen or _left_out(request) else ""


def _left_out(message: Mapping[str, Any]) -> bool:
    """Tell whether our own journal says that there was a body which it did not keep."""
    comment = message.get("comment") or ""
    return comment.startswith("body: ") and comment not in _EMPTY


def _text(content: Mapping[str, Any]) -> bytes | None:
    """Return a body's bytes; None where none was recorded."""
    text = content.get("text")
    if text is None or (not text and content.get("size")):
        return None
    if not isinstance(text, str):
        raise TypeError("the text of a body should be a text")
    if content.get("encoding") == "base64":
        return b64decode(text, validate=True)
    return text.encode("utf-8", "surrogatepass")


def _content(body: bytes) -> dict[str, JsonValue]:
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"text": b64encode(body).decode(), "encoding": "base64"}


def _pairs(value: Iterable[Mapping[str, str]] | None) -> Pairs:
    pairs = tuple((one["name"], one["value"]) for one in value or ())
    if not all(isinstance(text, str) for pair in pairs for text in pair):
        raise TypeError("the name and value of a header should be texts")
    return pairs


def _written(pairs: Pairs) -> list[JsonValue]:
    return [{"name": name, "value": value} for name, value in pairs]


def _reason(status: int) -> str:
    return HTTPStatus(status).phrase if status in list(HTTPStatus) else ""
