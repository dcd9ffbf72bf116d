"""The map in Graphviz's language: sizes, widths, weights and the order of ranks are ours, the layout is dot's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Final

import graphviz

from mining.findings import Activity, Flow, Graph
from mining.flowchart.colours import LIGHT, wait_colour
from mining.flowchart.labels import Label, Run, cell, count_label, flow_label, pill_label, step_label, table
from mining.flowchart.legend import Legend, thickness
from mining.flowchart.order import order_of
from mining.flowchart.scale import Scale
from mining.flowchart.simplify import END, OPEN, START, Path, step_id
from mining.languages import count_text, pgettext

POINTS: Final = 72  # to an inch; one point of dot is one pixel of the drawing


@dataclass(frozen=True)
class Sheet:
    """Everything that is needed to draw one map."""

    graph: Graph
    shown: tuple[Path, ...]
    n_max: int  # moves of the widest path of the full map, so that widths mean the same on every level
    spine: frozenset[tuple[str, str]]  # moves of the most frequent variant
    ranks: Mapping[tuple[str, str], int]  # of the worst bottlenecks
    scale: Scale
    summary: str

    @property
    def legend(self) -> Legend:
        """The key to what this map shows."""
        flows = [path.flow for path in self.shown if path.flow]
        return Legend(
            self.scale,
            self.n_max,
            self.summary,
            badges=any((path.source, path.target) in self.ranks for path in self.shown),
            timers=any(flow.timer_s is not None for flow in flows),
            dashes=any(flow.timer_s is None and 2 * flow.skipping >= flow.n for flow in flows),
        )


def dot_source(sheet: Sheet, *, legend: bool = True) -> str:
    """Write the DOT source of a map; the same sheet gives the same text, in whatever order the graph's parts come."""
    drawing = drawing_of(sheet.legend.html if legend else None)
    steps = {step_id(activity.name): activity for activity in sheet.graph.activities}
    by_cases = sorted(steps, key=lambda step: (-steps[step].cases, step))
    order = order_of(by_cases, {(path.source, path.target): path.n for path in sheet.shown if path.flow})
    spine = {step for pair in sheet.spine for step in pair}
    add_pill(drawing, START, pill_name(START), count_text(sheet.graph.cases))
    for step in order:
        _add_step(drawing, step, steps[step], sheet.graph.cases, on_spine=step in spine)
    ends = {path.target for path in sheet.shown}
    if END in ends:
        add_pill(drawing, END, pill_name(END), count_text(sheet.graph.finished))
    if OPEN in ends:
        add_pill(drawing, OPEN, pill_name(OPEN), count_text(sheet.graph.open))
    place = {step: index for index, step in enumerate((START, *order, END, OPEN))}
    for path in sorted(sheet.shown, key=lambda path: (place[path.source], place[path.target])):
        _add_path(drawing, path, sheet, back=place[path.source] > place[path.target])
    return str(drawing.source)


def empty_source(text: str) -> str:
    """Write the DOT source of a map of nothing: one box that says so."""
    drawing = graphviz.Digraph("map", graph_attr={"id": "map", "bgcolor": LIGHT["card"], "pad": "0.1"})
    run = Run(text, 13, False, LIGHT["secondary"])
    label = Label(table([f"<TR>{cell(220, 40, [run], align='CENTER')}</TR>"]), 240, 54)
    drawing.node("empty", f"<{label.html}>", **box("empty", "empty", label, LIGHT["card"], LIGHT["border"]))
    return str(drawing.source)


def drawing_of(legend: str | None) -> graphviz.Digraph:
    """Begin a drawing; `legend` is the label below it."""
    settings = {
        "id": "map",
        "bgcolor": LIGHT["card"],
        "pad": "0.1",
        "nodesep": "0.3",
        "ranksep": "0.25",
        "fontname": "Arial",
        "outputorder": "nodesfirst",
    }
    if legend:
        settings |= {"label": f"<{legend}>", "labelloc": "b", "labeljust": "l"}
    fonts = {"fontname": "Arial", "fontsize": "11"}
    return graphviz.Digraph("map", graph_attr=settings, node_attr=fonts, edge_attr=fonts)


def box(element: str, classes: str, label: Label, fill: str, border: str) -> dict[str, str]:
    """Give the settings of a box as large as its label."""
    return {
        "id": element,
        "class": classes,
        "shape": "box",
        "style": "rounded,filled",
        "fixedsize": "true",
        "margin": "0",
        "width": _inches(label.width),
        "height": _inches(label.height),
        "fillcolor": fill,
        "color": border,
        "penwidth": "1.1",
    }


def _inches(pixels: int) -> str:
    """Convert, rounding up: Graphviz complains of a box that is a thousandth smaller than what stands in it."""
    return f"{ceil(pixels / POINTS * 1e5) / 1e5:.5f}"


def _add_step(drawing: graphviz.Digraph, step: str, activity: Activity, cases: int, *, on_spine: bool) -> None:
    label = step_label(activity, cases)
    group = {"group": "main"} if on_spine else {}
    drawing.node(step, f"<{label.html}>", **box(step, "act", label, LIGHT["card"], LIGHT["border"]), **group)


def pill_name(pill: str) -> str:
    """Say Start, End or Open."""
    names = {
        START: pgettext("of a case", "Start"),
        END: pgettext("of a case", "End"),
        OPEN: pgettext("of a case", "Open"),
    }
    return names[pill]


def add_pill(drawing: graphviz.Digraph, pill: str, name: str, note: str) -> None:
    """Draw Start, End or Open, with a note in it."""
    if pill == OPEN:
        label = pill_label(name, note, LIGHT["secondary"])
        look = box(pill, "open-pill", label, LIGHT["card"], LIGHT["secondary"]) | {"style": "rounded,filled,dashed"}
    else:
        label = pill_label(name, note, LIGHT["card"])
        look = box(pill, "pill", label, LIGHT["ink"], LIGHT["ink"]) | {"group": "main"}
    drawing.node(pill, f"<{label.html}>", **look)


def _add_path(drawing: graphviz.Digraph, path: Path, sheet: Sheet, *, back: bool) -> None:
    """Draw a path; one that leads upwards is declared the other way round: the order of the ranks stays ours."""
    look = _flow_look(path, path.flow, sheet) if path.flow else _terminal_look(path, sheet)
    add_arrow(drawing, path, look, back=back)


def add_arrow(drawing: graphviz.Digraph, path: Path, look: dict[str, str], *, back: bool) -> None:
    """Draw a path with a head that suits its width."""
    look |= {"id": path.id, "arrowsize": f"{max(0.6, (1.4 * float(look['penwidth']) + 2.4) / 7):.3f}"}
    if back:
        look |= {"dir": "back", "class": look["class"] + " back"}
    ends = (path.target, path.source) if back else (path.source, path.target)
    drawing.edge(*ends, **look)


def _flow_look(path: Path, flow: Flow, sheet: Sheet) -> dict[str, str]:
    pair = (path.source, path.target)
    wide = thickness(path.n, sheet.n_max)
    rank = sheet.ranks.get(pair)
    level = sheet.scale.colour_class(flow.winsorised_mean_s)
    timer, dashed = flow.timer_s is not None, 2 * flow.skipping >= flow.n
    return {
        "label": f"<{flow_label(flow, rank, wide)}>",
        "class": "timer" if timer else f"w{level}" + (" flag" if rank else "") + (" skip" if dashed else ""),
        "color": LIGHT["timer"] if timer else wait_colour(level),
        "penwidth": f"{wide:.2f}",
        "weight": str(_weight(path, sheet)),
        **({"style": "dotted"} if timer else {"style": "dashed"} if dashed else {}),
    }


def _terminal_look(path: Path, sheet: Sheet) -> dict[str, str]:
    wide = 0.8 + 2.2 * sqrt(path.n / sheet.n_max)
    return {
        "label": f"<{count_label(path.n, wide)}>",
        "class": "terminal",
        "color": LIGHT["terminal"],
        "penwidth": f"{wide:.2f}",
        "weight": str(max(1, _weight(path, sheet) // 4)),
    }


def _weight(path: Path, sheet: Sheet) -> int:
    """Say how straight a path should run."""
    return 1 + 40 * path.n // sheet.n_max + (30 if (path.source, path.target) in sheet.spine else 0)
