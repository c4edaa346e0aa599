"""Transcripts: readable text files of requests and the answers they must get.

    # What the flow is about. Settings stand on lines of their own:
    # @preset single

    ### Each step has a title
    # @advance 60
    POST /auth
    Content-Type: application/json

    {"api_key": "{{vendor.test.key}}", "api_secret": "{{vendor.test.secret}}"}

    HTTP/1.1 200 OK
    Content-Type: application/json; charset=utf-8

    {"access_token": "{{token = jwt}}"}

`{{token = jwt}}` demands a value of that kind and binds it to a name, `{{token}}` is the value
bound before. Bodies of answers may be laid out at will: their values and the order of their keys
count. Settings: `preset`, `size`, `seed` of the server; `advance` moves its clock by seconds.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KINDS: Mapping[str, str] = {
    "uuid": "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    "jwt": r"eyJ[0-9A-Za-z_-]+\.[0-9A-Za-z_-]+\.[0-9A-Za-z_-]+",
    "key": "(?:test|live)_[0-9a-z]{25}_[a-z0-9-]{3,30}",
    "secret": "[0-9A-Za-z]{42,43}",
    "puk": "[0-9]{10}",
}
"""What a captured value must look like, by the name of its kind."""

PLACEHOLDER = re.compile(r"\{\{ *([a-z][a-z0-9_.]*)(?: *= *([a-z]+))? *\}\}")
_SETTING = re.compile(r"# @(\w+) (\S+)")
_TITLE = re.compile(r"(?m)^### ")
_STATUS_LINE = re.compile(r"(?m)^HTTP/1\.1 ")


class TranscriptError(Exception):
    """A transcript that cannot be read or run; the message tells where and why."""


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer as text: its first line, headers and body."""

    first_line: str
    headers: tuple[str, ...] = ()
    body: str = ""

    def __str__(self) -> str:
        head = "\n".join([self.first_line, *self.headers])
        return f"{head}\n\n{self.body}" if self.body else head


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One exchange; `expected` is None where nobody has written it yet."""

    title: str
    comments: tuple[str, ...]
    request: Message
    expected: Message | None

    @property
    def settings(self) -> Mapping[str, str]:
        """What the step's comments set."""
        return settings_of(self.comments)

    def __str__(self) -> str:
        head = "\n".join([f"### {self.title}", *self.comments])
        answer = f"\n\n{self.expected}" if self.expected else ""
        return f"{head}\n{self.request}{answer}"


@dataclass(frozen=True, slots=True)
class Transcript:
    """A flow: what stands before the first step, and the steps."""

    comments: tuple[str, ...]
    steps: tuple[Step, ...]

    @property
    def settings(self) -> Mapping[str, str]:
        """What the comments before the first step set."""
        return settings_of(self.comments)

    def __str__(self) -> str:
        return "\n\n".join(["\n".join(self.comments), *map(str, self.steps)]) + "\n"


def parse(text: str) -> Transcript:
    """Read a transcript.

    Raises:
        TranscriptError: A step has no request, or something stands where it does not belong.
    """
    head, *blocks = _TITLE.split(text)
    comments = tuple(head.strip().splitlines())
    if stray := [line for line in comments if not line.startswith("#")]:
        raise TranscriptError(f"before the first step: {stray[0]!r} is no comment")
    return Transcript(comments, tuple(_step(block) for block in blocks))


def settings_of(comments: tuple[str, ...]) -> Mapping[str, str]:
    """Return what `# @name value` lines set."""
    return {match[1]: match[2] for line in comments if (match := _SETTING.fullmatch(line))}


def _step(block: str) -> Step:
    title, _, rest = block.partition("\n")
    sent, *answered = _STATUS_LINE.split(rest)
    lines = sent.strip().splitlines()
    comments = [line for line in lines if line.startswith("#")]
    if lines[: len(comments)] != comments:
        raise TranscriptError(f"{title}: comments stand between title and request")
    if len(answered) > 1:
        raise TranscriptError(f"{title}: more than one answer")
    request = _message(lines[len(comments) :])
    if len(request.first_line.split()) != 2:
        raise TranscriptError(f"{title}: no request line such as GET /organizations")
    expected = None
    if answered:
        expected = _message(f"HTTP/1.1 {answered[0]}".strip().splitlines())
    return Step(title=title, comments=tuple(comments), request=request, expected=expected)


def _message(lines: list[str]) -> Message:
    if not lines:
        return Message("")
    blank = lines.index("") if "" in lines else len(lines)
    return Message(lines[0], tuple(lines[1:blank]), "\n".join(lines[blank + 1 :]).strip())


@dataclass(slots=True)
class Names:
    """The values that placeholders stand for."""

    values: dict[str, str] = field(default_factory=dict)

    def fill(self, text: str, *, in_json: bool = False) -> str:
        """Return `text` with every placeholder replaced by its value.

        Raises:
            TranscriptError: A name is not bound, or the text wants to bind one.
        """

        def value(match: re.Match[str]) -> str:
            if match[2]:
                raise TranscriptError(f"{match[0]} stands in a request")
            found = self._value(match[1])
            return json.dumps(found, ensure_ascii=False)[1:-1] if in_json else found

        return PLACEHOLDER.sub(value, text)

    def bind(self, pattern: str, text: str) -> bool:
        """Tell whether `text` is what `pattern` says, and bind what it captures."""
        expression, position, captured = "", 0, []
        for match in PLACEHOLDER.finditer(pattern):
            expression += re.escape(pattern[position : match.start()])
            position = match.end()
            if match[2]:
                captured.append(match[1])
                expression += f"({self._kind(match[2])})"
            else:
                value = json.dumps(self._value(match[1]), ensure_ascii=False)[1:-1]
                expression += re.escape(value)
        found = re.fullmatch(expression + re.escape(pattern[position:]), text)
        if found is None:
            return False
        self.values.update(zip(captured, found.groups(), strict=True))
        return True

    def name_of(self, value: str) -> str | None:
        """Return the first name that is bound to a value."""
        return next((name for name, bound in self.values.items() if bound == value), None)

    def _value(self, name: str) -> str:
        if name not in self.values:
            raise TranscriptError(f"nothing is bound to {{{{{name}}}}}")
        return self.values[name]

    def _kind(self, kind: str) -> str:
        if kind not in KINDS:
            raise TranscriptError(f"no kind {kind!r}; there are {', '.join(KINDS)}")
        return KINDS[kind]


def laid_out(value: Any) -> str:
    """Write JSON as transcripts have it: keys in their order, one to a line."""
    return json.dumps(value, ensure_ascii=False, indent=2)
