"""The charts of the benchmarks are well-formed, and their bars as long as their values."""

from xml.etree import ElementTree as ET

from benchmarks.plots import Bar, bars

SVG = "{http://www.w3.org/2000/svg}"


def drawn(*rows: Bar) -> tuple[list[float], list[str]]:
    root = ET.fromstring(bars("Speed <&>", "medians", rows))
    lengths = [float(one.attrib["width"]) for one in root.findall(f"{SVG}rect")[1:]]
    return lengths, [one.text or "" for one in root.findall(f"{SVG}text")]


def test_bars_are_in_proportion_to_their_values() -> None:
    (long, short), _ = drawn(Bar("a", 100, "100 /s"), Bar("b", 25, "25 /s"))
    assert long == 4 * short


def test_labels_stand_there_whatever_characters_they_have() -> None:
    _, texts = drawn(Bar('a < b & "c"', 1, "1 /s"))
    assert texts == ["Speed <&>", "medians", 'a < b & "c"', "1 /s"]


def test_a_chart_of_nothing_is_a_chart() -> None:
    assert drawn() == ([], ["Speed <&>", "medians"])
    lengths, _ = drawn(Bar("a", 0, "-"))
    assert lengths == [1.0]
