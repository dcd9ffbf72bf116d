"""The map of a process at one level: what it shows, as DOT and as a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from time import monotonic
from typing import TypeVar

from mining.findings import Bottleneck, Graph
from mining.flowchart.dot import Sheet, dot_source, empty_source
from mining.flowchart.durations import share_text
from mining.flowchart.legend import Legend
from mining.flowchart.lettering import clean
from mining.flowchart.render import LayoutError, render
from mining.flowchart.scale import Scale
from mining.flowchart.sentences import sentences
from mining.flowchart.simplify import Path, all_paths, backbone, flagged, main_pairs, selections, share_of_moves
from mining.flowchart.svg import inline, standalone
from mining.languages import N_, _, count_text

S = TypeVar("S")
_NOTHING = N_("No cases to show yet")


@dataclass(frozen=True)
class Chart:
    """A drawn map. Paths are flows between steps as well as those from Start, to End and to Open."""

    activities_shown: int
    activities_total: int
    flows_shown: int
    flows_total: int  # at this level
    coverage: float  # share of all moves at this level that the shown paths carry
    dot: str
    svg: str  # a file of its own, with style sheet
    legend: Legend  # what its signs mean, for a page that tells it beside the picture

    def inline_svg(self, prefix: str) -> str:
        """Give the drawing for a page that has `MAP_CSS`; `prefix` keeps the ids of several maps on it apart."""
        return inline(self.svg, prefix)


def draw(
    graph: Graph,
    *,
    full: Graph,
    main: tuple[str, ...],
    bottlenecks: Sequence[Bottleneck],
    scale: Scale,
    title: str,
    timeout_s: float = 10,
    coverage: float = 0.9,
) -> Chart:
    """Draw the map of one level.

    Args:
        graph: the directly-follows graph of the level, from the log projected on its activities.
        full: the graph with all activities; line widths refer to it.
        main: the activities of the most frequent variant, in their order.
        bottlenecks: those with rank 1 to 5 get a badge, where the level shows both steps.
        scale: colours of waits; keep it per process.
        title: name of the picture for those who do not see it.
        timeout_s: time for the whole drawing. Where a layout does not end or fails, fewer paths are tried.
        coverage: share of all moves that the shown paths should carry; above 0.95 also where that makes many paths, and
            above 0.98 as many as can be laid out.

    Raises:
        LayoutTimeoutError: not even the backbone could be laid out in time.
        LayoutError: Graphviz failed.
        ValueError: the graph's counts do not add up: some step is not on a way from Start to End or Open.
    """
    level = Level(graph, full, main, tuple(bottlenecks), scale, title)
    return level.chart(level.choices(coverage), timeout_s)


@dataclass(frozen=True)
class Level:
    """The map with the activities of one graph, before it is said how many of its paths to draw; see `draw`."""

    graph: Graph
    full: Graph
    main: tuple[str, ...]
    bottlenecks: tuple[Bottleneck, ...]
    scale: Scale
    title: str

    @cached_property
    def paths(self) -> tuple[Path, ...]:
        return all_paths(self.graph)

    @cached_property
    def _spine(self) -> frozenset[tuple[str, str]]:
        return main_pairs(self.graph, self.main)

    @cached_property
    def _ranks(self) -> dict[tuple[str, str], int]:
        return flagged(self.graph, self.bottlenecks)

    @cached_property
    def _bones(self) -> tuple[Path, ...]:
        return backbone(self.paths)

    @cached_property
    def _n_max(self) -> int:
        return max(path.n for path in (*self.paths, *all_paths(self.full)))

    def choices(self, coverage: float) -> tuple[tuple[Path, ...], ...]:
        """Which paths to draw so that they carry `coverage` of all moves; then fewer and fewer, easier to lay out."""
        if not self.graph.activities or not self.paths:
            return ((),)
        wanted = set(self._spine) | set(self._ranks)
        return selections(self.paths, len(self.graph.activities), wanted, coverage, self._bones)

    def chart(self, choices: Sequence[tuple[Path, ...]], timeout_s: float, *, legend: bool = True) -> Chart:
        """Draw the first of `choices` that Graphviz can lay out in time, with or without the legend below it."""
        if choices == ((),):
            return self._empty(timeout_s)
        sheets = [self._sheet(shown) for shown in choices]
        sheet, dot, raw = render_first(sheets, lambda sheet: dot_source(sheet, legend=legend), timeout_s)
        return Chart(
            activities_shown=len(self.graph.activities),
            activities_total=self.graph.activities_total,
            flows_shown=len(sheet.shown),
            flows_total=len(self.paths),
            coverage=share_of_moves(sheet.shown, self.paths),
            dot=dot,
            svg=standalone(raw, clean(self.title), sheet.summary, sentences(self.graph, self._ranks)),
            legend=sheet.legend,
        )

    def _sheet(self, shown: tuple[Path, ...]) -> Sheet:
        summary = _summary(self.graph, shown, self.paths)
        return Sheet(self.graph, shown, self._n_max, self._spine, self._ranks, self.scale, summary)

    def _empty(self, timeout_s: float) -> Chart:
        said = _(_NOTHING)
        dot = empty_source(said)
        svg = standalone(render(dot, "svg", timeout_s), clean(self.title), said, {})
        return Chart(0, self.graph.activities_total, 0, 0, 1.0, dot, svg, Legend(self.scale, 1, ""))


def render_first(sheets: Sequence[S], dot_of: Callable[[S], str], timeout_s: float) -> tuple[S, str, bytes]:
    """Lay out the first sheet that Graphviz can do; each may take half of the time left, the last all of it.

    Raises:
        LayoutTimeoutError: not even the last could be laid out in time.
        LayoutError: Graphviz failed.
    """
    end = monotonic() + timeout_s
    for sheet in sheets[:-1]:
        dot = dot_of(sheet)
        try:
            return sheet, dot, render(dot, "svg", (end - monotonic()) / 2)
        except LayoutError:
            continue
    dot = dot_of(sheets[-1])
    return sheets[-1], dot, render(dot, "svg", max(0.01, end - monotonic()))


def _summary(graph: Graph, shown: Sequence[Path], paths: Sequence[Path]) -> str:
    return _("{steps} of {all} steps · {paths} paths · {share} of all moves").format(
        steps=count_text(len(graph.activities)),
        all=count_text(graph.activities_total),
        paths=count_text(len(shown)),
        share=share_text(share_of_moves(shown, paths)),
    )
