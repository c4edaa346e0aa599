"""Which files may be an organization's logo (R13): PNG, JPEG, and SVG without script.

A file is judged by what is in it, whatever it calls itself.
"""

import re
from typing import TYPE_CHECKING
from zlib import crc32

from fiskaly_mockserver.domain.account.model import Logo

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MOST_BYTES = 256 * 1024
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
_CHUNK = 12
"""Bytes of a PNG chunk beside its data: length, name, check sum."""
_SVG = "{http://www.w3.org/2000/svg}"
_XHTML = "{http://www.w3.org/1999/xhtml}"
_INERT = {
    *("svg", "g", "defs", "symbol", "title", "desc", "metadata", "path", "rect", "circle"),
    *("ellipse", "line", "polyline", "polygon", "text", "tspan", "textPath", "linearGradient"),
    *("radialGradient", "stop", "pattern", "clipPath", "mask", "marker", "style", "use"),
}
"""The elements of SVG that draw; what is not among them may run, load or change something."""
_LOADS = re.compile(r"@import|url\(\s*(?![\s\"']*#)|javascript:|\\", re.IGNORECASE)


class NoLogo(ValueError):
    """A file that is no logo; the message says why."""


def logo_of(content: bytes) -> Logo:
    """Return the logo that a file holds.

    Raises:
        NoLogo: It is too large, of another kind, broken, or an SVG that does more than draw.
    """
    if len(content) > MOST_BYTES:
        raise NoLogo(f"logo has {len(content)} bytes, at most {MOST_BYTES} (256 KiB) are allowed")
    if content.startswith(_PNG):
        _check_png(content)
        return Logo("image/png", content)
    if content.startswith(_JPEG):
        if not content.rstrip(b"\0").endswith(_JPEG_END):
            raise NoLogo("logo is a JPEG that is cut off")
        return Logo("image/jpeg", content)
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        _check_svg(content)
        return Logo("image/svg+xml", content)
    raise NoLogo("logo should be a PNG, a JPEG or an SVG")


def _check_png(content: bytes) -> None:
    at, names = len(_PNG), list[bytes]()
    while at < len(content) and names[-1:] != [b"IEND"]:
        length = int.from_bytes(content[at : at + 4], "big")
        end = at + _CHUNK + length
        chunk = content[at + 4 : end - 4]
        if end > len(content) or crc32(chunk) != int.from_bytes(content[end - 4 : end], "big"):
            raise NoLogo("logo is a PNG that is broken")
        names.append(chunk[:4])
        at = end
    if names[:1] != [b"IHDR"] or names[-1] != b"IEND" or b"IDAT" not in names:
        raise NoLogo("logo is a PNG that is broken")


def _check_svg(content: bytes) -> None:
    # Entities, which could grow without end, come with a document type
    if re.search(rb"<!(DOCTYPE|ENTITY)|<\?xml-|\0", content, re.IGNORECASE):
        raise NoLogo("logo is an SVG with a document type or a style sheet: leave it out")
    # Few servers are given a logo, and start without a parser of XML
    from xml.etree import ElementTree as ET  # noqa: PLC0415

    try:
        root = ET.fromstring(content)  # noqa: S314 - without a document type it has no entities
    except (ET.ParseError, ValueError, LookupError):
        raise NoLogo(
            "logo should be a PNG, a JPEG or an SVG, and is no XML that can be read"
        ) from (None)
    if root.tag != f"{_SVG}svg":
        raise NoLogo("logo should be a PNG, a JPEG or an SVG")
    for one in root.iter():
        name = one.tag.removeprefix(_SVG)
        if one.tag.startswith((_SVG, _XHTML)) and name not in _INERT:
            raise NoLogo(f"logo is an SVG with the element {name!r}: it may only draw")
        _check_attributes(one)


def _check_attributes(one: "Element") -> None:
    for attribute, value in one.attrib.items():
        name = attribute.rpartition("}")[2].lower()
        if name.startswith("on"):
            raise NoLogo(f"logo is an SVG with script, in the attribute {name!r}")
        if name in {"href", "src"} and not value.lstrip().startswith("#"):
            raise NoLogo(f"logo is an SVG that leads elsewhere, by {name!r}")
        if _LOADS.search(value):
            raise NoLogo(f"logo is an SVG that loads something, in the attribute {name!r}")
    if _LOADS.search(one.text or ""):
        raise NoLogo("logo is an SVG that loads something, in its style or text")
