"""The model as files that other tools read: PNML (a Petri net) and BPMN 2.0 with its drawing.

Written here because pm4py's writers give other ids, another order and another drawing at each call, and a night played
again must give the same bytes. Names may be anything: lxml escapes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from lxml import etree

PNML = "http://www.pnml.org/version-2009/grammar/pnml"
PT_NET = "http://www.pnml.org/version-2009/grammar/ptnet"
BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
DI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
DD = "http://www.omg.org/spec/DD/20100524/DI"
GAP = 40.0  # px between the shapes of a drawing
_SIZES = {"task": (140.0, 70.0), "startEvent": (36.0, 36.0), "endEvent": (36.0, 36.0)}
_GATEWAY = (50.0, 50.0)
_NOT_XML = {*range(32), 0xFFFE, 0xFFFF} - {9, 10, 13}
_FORBIDDEN = dict.fromkeys(_NOT_XML, "\N{REPLACEMENT CHARACTER}")


class Tree(Protocol):
    """A process tree as pm4py builds it."""

    operator: Any
    label: str | None
    children: list[Any]


def write_pnml(net: Any, start: Any, end: Any, names: dict[str, str], path: Path) -> None:
    """Write a pm4py Petri net with its first and last marking; its visible labels are keys of `names`."""
    visible = sorted(str(transition.label) for transition in net.transitions if transition.label is not None)
    ids = {label: f"t{number}" for number, label in enumerate(visible)}

    def identity(node: Any) -> str:
        return ids[node.label] if getattr(node, "label", None) is not None else str(node.name)

    root = etree.Element("pnml", nsmap={None: PNML})
    element = etree.SubElement(root, "net", id="model", type=PT_NET)
    page = etree.SubElement(element, "page", id="page")
    for place in sorted(net.places, key=lambda place: str(place.name)):
        shape = _named(page, "place", place.name, place.name)
        if place in start:
            etree.SubElement(etree.SubElement(shape, "initialMarking"), "text").text = str(start[place])
    for transition in sorted(net.transitions, key=identity):
        shape = _named(page, "transition", identity(transition), names.get(transition.label or "", transition.name))
        if transition.label is None:
            etree.SubElement(shape, "toolspecific", tool="ProM", version="6.4", activity="$invisible$")
    ends = sorted((identity(arc.source), identity(arc.target)) for arc in net.arcs)
    for number, (source, target) in enumerate(ends, 1):
        etree.SubElement(page, "arc", id=f"arc_{number}", source=source, target=target)
    final = etree.SubElement(etree.SubElement(element, "finalmarkings"), "marking")
    for place, tokens in sorted((str(place.name), tokens) for place, tokens in end.items()):
        etree.SubElement(etree.SubElement(final, "place", idref=place), "text").text = str(tokens)
    _save(root, path)


def _named(parent: Any, tag: str, identity: str, name: str) -> Any:
    shape = etree.SubElement(parent, tag, id=identity)
    etree.SubElement(etree.SubElement(shape, "name"), "text").text = _clean(name)
    return shape


@dataclass(frozen=True)
class _Shape:
    kind: str  # the BPMN element's tag
    name: str
    x: float  # of the left edge
    y: float  # of the middle

    @property
    def size(self) -> tuple[float, float]:
        return _SIZES.get(self.kind, _GATEWAY)


@dataclass(frozen=True)
class _Block:
    """A part of the diagram with one way in and one way out; indices are places in `_Diagram.shapes`."""

    first: int
    last: int
    width: float


@dataclass
class _Diagram:
    names: dict[str, str]
    shapes: list[_Shape] = field(default_factory=list)
    flows: list[tuple[int, int]] = field(default_factory=list)

    def shape(self, kind: str, x: float, y: float, name: str = "") -> int:
        self.shapes.append(_Shape(kind, name, x, y))
        return len(self.shapes) - 1

    def block(self, tree: Tree, x: float, y: float) -> _Block | None:
        """Draw a subtree from (x, y) to the right; None for a silent step, which has no shape."""
        if tree.operator is None:
            if tree.label is None:
                return None
            shape = self.shape("task", x, y, self.names[tree.label])
            return _Block(shape, shape, _SIZES["task"][0])
        kind = tree.operator.name
        return self._sequence(tree, x, y) if kind == "SEQUENCE" else self._branches(tree, kind, x, y)

    def _sequence(self, tree: Tree, x: float, y: float) -> _Block | None:
        blocks: list[_Block] = []
        at = x
        for child in tree.children:
            block = self.block(child, at, y)
            if block:
                if blocks:
                    self.flows.append((blocks[-1].last, block.first))
                blocks.append(block)
                at += block.width + GAP
        return _Block(blocks[0].first, blocks[-1].last, at - GAP - x) if blocks else None

    def _branches(self, tree: Tree, kind: str, x: float, y: float) -> _Block:
        """Children one above the other between two gateways; the later children of a loop lead back."""
        gateway = (
            "parallelGateway" if kind == "PARALLEL" else "inclusiveGateway" if kind == "OR" else "exclusiveGateway"
        )
        opening = self.shape(gateway, x, y)
        heights = [_height(child) for child in tree.children]
        top = y - (sum(heights) + GAP * (len(heights) - 1)) / 2
        inside, width, middles = x + _GATEWAY[0] + GAP, 0.0, []
        for height in heights:
            middles.append(top + height / 2)
            top += height + GAP
        blocks = [self.block(child, inside, middle) for child, middle in zip(tree.children, middles, strict=True)]
        width = max([block.width for block in blocks if block], default=0.0)
        closing = self.shape(gateway, inside + width + GAP, y)
        for number, block in enumerate(blocks):
            ends = (closing, opening) if kind == "LOOP" and number else (opening, closing)
            self.flows += [(ends[0], block.first), (block.last, ends[1])] if block else [ends]
        return _Block(opening, closing, 2 * _GATEWAY[0] + 2 * GAP + width)


def _height(tree: Tree) -> float:
    """Height that a subtree's drawing needs."""
    if tree.operator is None:
        return _SIZES["task"][1] if tree.label else 20.0
    heights = [_height(child) for child in tree.children]
    return max(heights) if tree.operator.name == "SEQUENCE" else max(50.0, sum(heights) + GAP * (len(heights) - 1))


def write_bpmn(tree: Tree, names: dict[str, str], path: Path) -> None:
    """Write a process tree whose labels are keys of `names` as BPMN 2.0, laid out from left to right."""
    diagram = _Diagram(names)
    start = diagram.shape("startEvent", 0.0, 0.0)
    block = diagram.block(tree, _SIZES["startEvent"][0] + GAP, 0.0)
    width = block.width + GAP if block else 0.0
    end = diagram.shape("endEvent", _SIZES["startEvent"][0] + GAP + width, 0.0)
    diagram.flows += [(start, block.first), (block.last, end)] if block else [(start, end)]
    highest = min(shape.y - shape.size[1] / 2 for shape in diagram.shapes)
    diagram.shapes = [replace(shape, x=shape.x + GAP, y=shape.y - highest + GAP) for shape in diagram.shapes]
    _save(_bpmn_xml(diagram), path)


def _bpmn_xml(diagram: _Diagram) -> Any:
    root = etree.Element(
        f"{{{BPMN}}}definitions", nsmap={"bpmn": BPMN, "bpmndi": DI, "dc": DC, "di": DD}, targetNamespace="urn:headrace"
    )
    process = etree.SubElement(root, f"{{{BPMN}}}process", id="process", isExecutable="false")
    plane = etree.SubElement(
        etree.SubElement(root, f"{{{DI}}}BPMNDiagram", id="diagram"),
        f"{{{DI}}}BPMNPlane",
        id="plane",
        bpmnElement="process",
    )
    for number, shape in enumerate(diagram.shapes):
        element = etree.SubElement(process, f"{{{BPMN}}}{shape.kind}", id=f"n{number}")
        if shape.name:
            element.set("name", _clean(shape.name))
        for flow, (source, target) in enumerate(diagram.flows):
            for direction, end in (("incoming", target), ("outgoing", source)):
                if end == number:
                    etree.SubElement(element, f"{{{BPMN}}}{direction}").text = f"f{flow}"
        drawn = etree.SubElement(plane, f"{{{DI}}}BPMNShape", id=f"n{number}_di", bpmnElement=f"n{number}")
        width, height = shape.size
        etree.SubElement(
            drawn, f"{{{DC}}}Bounds", x=str(shape.x), y=str(shape.y - height / 2), width=str(width), height=str(height)
        )
    for number, (source, target) in enumerate(diagram.flows):
        etree.SubElement(
            process, f"{{{BPMN}}}sequenceFlow", id=f"f{number}", sourceRef=f"n{source}", targetRef=f"n{target}"
        )
        edge = etree.SubElement(plane, f"{{{DI}}}BPMNEdge", id=f"f{number}_di", bpmnElement=f"f{number}")
        for x, y in _way(diagram.shapes[source], diagram.shapes[target]):
            etree.SubElement(edge, f"{{{DD}}}waypoint", x=str(x), y=str(y))
    return root


def _way(source: _Shape, target: _Shape) -> list[tuple[float, float]]:
    """Right angles from one shape to the next; a loop's way back leaves to the left."""
    forward = target.x > source.x
    x0 = source.x + source.size[0] if forward else source.x
    x1 = target.x if forward else target.x + target.size[0]
    if source.y == target.y:
        return [(x0, source.y), (x1, target.y)]
    bend = (
        x0 + GAP / 2
        if forward and target.size == _GATEWAY and source.size != _GATEWAY
        else x1 + (-GAP / 2 if forward else GAP / 2)
    )
    return [(x0, source.y), (bend, source.y), (bend, target.y), (x1, target.y)]


def _clean(name: str) -> str:
    return name.translate(_FORBIDDEN)


def _save(root: Any, path: Path) -> None:
    etree.ElementTree(root).write(str(path), xml_declaration=True, encoding="utf-8", pretty_print=True)
