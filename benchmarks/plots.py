"""Bar charts as SVG text, readable on light and dark pages, without a drawing library."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, LABELS, VALUES = 900, 410, 130
ROW, BAR, MARGIN = 26, 16, 12
OURS, THEIRS, LIMIT = "#1b6e53", "#8a93a0", "#4a6fa5"


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart: `value` sets its length, `text` stands at its end."""

    label: str
    value: float
    text: str
    color: str = THEIRS


def bars(title: str, subtitle: str, rows: Sequence[Bar]) -> str:
    """Return a chart of horizontal bars that all start at zero."""
    top = 64
    height = top + ROW * len(rows) + MARGIN
    longest = max((row.value for row in rows), default=0) or 1
    room = WIDTH - LABELS - VALUES - MARGIN
    opened = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}"'
        f' viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" role="img">'
    )
    lines = [
        opened,
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(MARGIN, 26, title, size=16, weight="bold"),
        _text(MARGIN, 46, subtitle, size=12, fill="#555555"),
    ]
    for number, row in enumerate(rows):
        y = top + ROW * number
        length = max(1.0, room * row.value / longest)
        size = f'width="{length:.1f}" height="{BAR}"'
        lines += [
            _text(LABELS - 8, y + 13, row.label, anchor="end"),
            f'<rect x="{LABELS}" y="{y}" {size} rx="2" fill="{row.color}"/>',
            _text(LABELS + length + 6, y + 13, row.text),
        ]
    return "\n".join([*lines, "</svg>"]) + "\n"


def _text(
    x: float,
    y: float,
    text: str,
    *,
    size: int = 13,
    weight: str = "normal",
    anchor: str = "start",
    fill: str = "#222222",
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y}" font-size="{size}" font-weight="{weight}"'
        f' text-anchor="{anchor}" fill="{fill}">{escape(text)}</text>'
    )
