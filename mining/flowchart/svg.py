"""Graphviz's SVG made ours: classes for looks, sentences instead of ids, sizes in pixels, no style attributes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import hypot
from typing import Final

from lxml import etree

from mining.flowchart.colours import LIGHT, MAP_CSS, wait_colour

_SVG: Final = "http://www.w3.org/2000/svg"
_TEXT_CLASS: Final = {
    LIGHT["card"]: "reverse",
    **{LIGHT[name]: name for name in ("ink", "secondary", "slower", "faster")},
}
_SHAPE_CLASS: Final = {
    LIGHT["bar"]: "bar",
    LIGHT["rest"]: "rest",
    LIGHT["ink"]: "badge",
    **{LIGHT[name]: f"swatch {name}" for name in ("timer", "slower", "faster", "same")},
    **{wait_colour(index): f"swatch w{index}" for index in range(5)},
}
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")
_SAID_BY_CSS: Final = (("fill", None), ("stroke", None), ("font-family", None), ("text-anchor", "start"))
_PARSER: Final = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, huge_tree=False)
_SMALL: Final = etree.XMLParser(resolve_entities=False, no_network=True, remove_blank_text=True)


def standalone(raw: bytes, title: str, description: str, sentences: Mapping[str, str]) -> str:
    """Make a file of its own from what Graphviz drew: it carries its style sheet and needs nothing from outside.

    Args:
        raw: Graphviz's SVG.
        title: what the map is called.
        description: what it shows, in numbers.
        sentences: what to say of each step and path, by the id of its element.
    """
    root = etree.fromstring(raw, _PARSER)
    body = root.find(f"{{{_SVG}}}g")
    _set_size(root)
    root.set("class", "map")
    root.set("role", "group")
    root.set("aria-label", title)
    body.attrib.pop("class", None)
    body.set("transform", body.get("transform").replace("scale(1 1) rotate(0) ", ""))
    _drop_titles(root)
    for group in body.findall(f"{{{_SVG}}}g[@class]"):
        _finish(group, sentences)
    _name_canvas_and_legend(body)
    _touch_boxes(body)
    _normalise(root)
    for place, (tag, text) in enumerate((("title", title), ("desc", description), ("style", MAP_CSS))):
        element = etree.Element(f"{{{_SVG}}}{tag}")
        element.text = text
        root.insert(place, element)
    etree.cleanup_namespaces(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + str(etree.tostring(root, encoding="unicode")) + "\n"


def inline(svg: str, prefix: str) -> str:
    """Make a part of a page from a standalone file: ids get a prefix, and what the page's `MAP_CSS` says is left out."""
    root = etree.fromstring(svg.encode("utf-8"), _SMALL)
    for tag in ("style", "title"):
        root.remove(root.find(f"{{{_SVG}}}{tag}"))
    for element in root.iter(etree.Element):
        element.tail = None
        if "id" in element.attrib:
            element.set("id", prefix + element.get("id"))
        if element.find(f"{{{_SVG}}}title") is not None:
            del element.attrib["aria-label"]
        for name, value in _SAID_BY_CSS:
            if value is None or element.get(name) == value:
                element.attrib.pop(name, None)
    return str(etree.tostring(root, encoding="unicode"))


def _set_size(root: etree._Element) -> None:
    """Give width and height in pixels: one point of the layout is one pixel, so that 13 px letters are 13 px high."""
    wide, high = root.get("viewBox").split()[2:]
    root.set("width", f"{float(wide):g}")
    root.set("height", f"{float(high):g}")


def _drop_titles(root: etree._Element) -> None:
    for title in list(root.iter(f"{{{_SVG}}}title")):
        title.getparent().remove(title)


def _name_canvas_and_legend(body: etree._Element) -> None:
    """The first shape is the background; what else lies loose on the drawing is the legend."""
    loose = [child for child in body if child.tag != f"{{{_SVG}}}g"]
    loose[0].set("class", "card")
    for shape in loose[1:]:
        shape.set(
            "class", (_TEXT_CLASS if shape.tag == f"{{{_SVG}}}text" else _SHAPE_CLASS).get(shape.get("fill", ""), "")
        )
    legend = etree.SubElement(body, f"{{{_SVG}}}g", id="legend")
    legend.set("class", "legend")
    for child in loose[1:]:
        legend.append(child)
    if not len(legend):
        body.remove(legend)


def _finish(group: etree._Element, sentences: Mapping[str, str]) -> None:
    """Give one step, pill or path its classes, its sentence and, if it is a step, a place in the tab order."""
    kind, *classes = group.get("class").split()
    group.set("class", " ".join([kind, *classes]))
    shapes = [child for child in group if child.tag != f"{{{_SVG}}}text"]
    for index, shape in enumerate(shapes):
        shape.set("class", _shape_class(shape, kind, first=index == 0))
        if shape.get("class") == "head":
            shape.set("stroke", "none")
            shape.attrib.pop("stroke-width", None)
        if shape.get("class") == "line":
            _interrupt(shape, classes)
    if "act" in classes:
        group.set("tabindex", "0")
        for text in group.findall(f"{{{_SVG}}}text"):
            text.set("x", f"{_bounds(shapes[0])[0] + 10:g}")
    _join_runs(group)
    sentence = sentences.get(group.get("id"))
    if sentence:
        group.set("role", "img")
        group.set("aria-label", sentence)
        title = etree.Element(f"{{{_SVG}}}title")
        title.text = sentence
        group.insert(0, title)


def _interrupt(line: etree._Element, classes: list[str]) -> None:
    """Space dots and dashes by the width of their line: Graphviz's own run together on thick ones."""
    wide = float(line.get("stroke-width", "1"))
    if {"timer", "gone"} & set(classes):
        line.set("stroke-linecap", "round")
        line.set("stroke-dasharray", f"0.1 {max(5.0, 2 * wide):g}")
    elif {"skip", "new"} & set(classes):
        line.set("stroke-dasharray", f"{max(5.0, 1.2 * wide):g} {max(3.0, 0.7 * wide):g}")


def _shape_class(shape: etree._Element, kind: str, *, first: bool) -> str:
    if kind == "node" and first:
        return "box"
    if shape.get("fill") == "none":
        return "line"
    if kind == "edge" and shape.tag == f"{{{_SVG}}}polygon":
        return "head"
    return _SHAPE_CLASS.get(shape.get("fill", ""), "")


def _join_runs(group: etree._Element) -> None:
    """Join the pieces of one line of text, so that the reader's font, not that of our machine, sets their distance."""
    texts = group.findall(f"{{{_SVG}}}text")
    for text in texts:
        text.set("class", _TEXT_CLASS.get(text.get("fill", ""), ""))
    for row in _rows(texts):
        if len(row) > 1:
            runs = [_run(text) for text in row]
            for text in row[1:]:
                group.remove(text)
            row[0].text = None
            for key in ("font-size", "font-weight", "fill", "class"):
                row[0].attrib.pop(key, None)
            row[0].extend(runs)


def _rows(texts: list[etree._Element]) -> list[list[etree._Element]]:
    """Put together the texts on one base line; the number in a badge stands alone."""
    rows: list[list[etree._Element]] = []
    for text in texts:
        before = rows[-1][-1] if rows else None
        if before is not None and before.get("y") == text.get("y") and _on_dark(before) == _on_dark(text):
            rows[-1].append(text)
        else:
            rows.append([text])
    return rows


def _on_dark(text: etree._Element) -> bool:
    return bool(text.get("class") == "reverse")


def _run(text: etree._Element) -> etree._Element:
    run = etree.Element(f"{{{_SVG}}}tspan")
    run.text = text.text
    for key in ("font-size", "font-weight", "fill", "class"):
        if key in text.attrib:
            run.set(key, text.get(key))
    return run


def _touch_boxes(body: etree._Element) -> None:
    """Draw the tips of arrows out to their boxes: newer Graphviz keeps room there for the outline that we took away."""
    boxes = {group.get("id"): group.find("*[@class='box']") for group in body.findall(f"{{{_SVG}}}g[@id]")}
    for head in body.iterfind(f".//{{{_SVG}}}polygon[@class='head']"):
        box = boxes.get(head.getparent().get("id").split("_")[-1])
        points = [tuple(float(number) for number in _NUMBER.findall(point)) for point in head.get("points").split()]
        if box is None or len(points) != 4:
            continue
        (ax, ay), (x, y), (bx, by), _ = points
        gap = _distance(x, y, _bounds(box))
        dx, dy = x - (ax + bx) / 2, y - (ay + by) / 2
        if 0.75 < gap < 12:
            stretch = gap / hypot(dx, dy)
            points[1] = (x + dx * stretch, y + dy * stretch)
            head.set("points", " ".join(f"{px:.2f},{py:.2f}" for px, py in points))


def _bounds(shape: etree._Element) -> tuple[float, float, float, float]:
    """Give left, top, right and bottom of a path or polygon."""
    numbers = [float(number) for number in _NUMBER.findall(shape.get("d") or shape.get("points"))]
    return min(numbers[::2]), min(numbers[1::2]), max(numbers[::2]), max(numbers[1::2])


def _distance(x: float, y: float, bounds: tuple[float, float, float, float]) -> float:
    left, top, right, bottom = bounds
    return hypot(max(left - x, 0, x - right), max(top - y, 0, y - bottom))


def _normalise(root: etree._Element) -> None:
    """Leave out what differs between versions of Graphviz and says nothing."""
    for element in root.iter(etree.Element):
        element.attrib.pop("{http://www.w3.org/XML/1998/namespace}space", None)
        if element.get("stroke") == "transparent":
            element.set("stroke", "none")
        if element.get("class") == "":
            del element.attrib["class"]
        if "font-size" in element.attrib:
            element.set("font-size", f"{float(element.get('font-size')):g}")
