"""Maps at their limits: many paths, a layout that fails, no fonts, numbers that do not add up, colours."""

from __future__ import annotations

import dataclasses
import os
import shutil
from pathlib import Path

import pytest
from test_flowchart import (
    activity,
    chart,
    crowd,
    element,
    flow,
    orders,
    written,
)

from mining.findings import Graph
from mining.flowchart import (
    MAP_CSS,
    Chart,
    LayoutError,
    LayoutTimeoutError,
    render,
)
from mining.flowchart.colours import DARK, LIGHT


@pytest.fixture(scope="module")
def drawn() -> Chart:
    return chart(orders())


def test_never_more_than_ninety_paths() -> None:
    everything = chart(crowd(40), main=("Step 0", "Step 1"), timeout_s=60)
    assert everything.flows_total == 40 * 39 + 80
    assert everything.flows_shown == 90
    assert 0 < everything.coverage < 1


def test_at_most_one_point_eight_paths_a_step_unless_more_are_asked_for() -> None:
    names = [f"Step {index}" for index in range(10)]
    ends = {0: {"starts": 100}, 9: {"ends": 100}}
    steps = tuple(activity(name, **ends.get(index, {})) for index, name in enumerate(names))
    flows = tuple(
        flow(a, b, 100 if j == i + 1 else 20) for i, a in enumerate(names) for j, b in enumerate(names) if i < j
    )
    graph = Graph(100, 100, 0, 1000, 1000, steps, 10, flows)
    shown = [chart(graph, main=tuple(names), coverage=coverage).flows_shown for coverage in (0.5, 0.9, 0.95, 1.0)]
    assert shown == [11, 18, 18, 47]


def stand_in(monkeypatch: pytest.MonkeyPatch, folder: Path, before: str) -> None:
    """Put a `dot` first on the PATH that does something else before it runs the real one."""
    real = shutil.which("dot")
    if real is None:
        pytest.skip("no `dot` on the PATH")
    program = folder / "dot"
    program.write_text(f'#!/bin/sh\ncat > "$0.in"\n{before}\nexec {real} "$@" < "$0.in"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


@pytest.mark.parametrize("trouble", ["exec sleep 60", "exit 139", "echo 'Warning: lost some edge' >&2"])
def test_a_layout_that_fails_steps_down_to_fewer_paths(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, trouble: str
) -> None:
    """The stand-in hangs, crashes or complains on maps of more than thirteen paths."""
    graph = crowd(6)
    full = chart(graph, main=("Step 0", "Step 1", "Step 2", "Step 3"))
    stand_in(monkeypatch, tmp_path, f"if [ $(grep -c -e '->' \"$0.in\") -gt 13 ]; then {trouble}; fi")
    fewer = chart(graph, main=(), bottlenecks=[], timeout_s=6)
    assert fewer.flows_shown <= 13 < full.flows_shown
    assert f"{fewer.flows_shown} paths" in written(element(fewer.svg, "legend"))


@pytest.mark.parametrize(
    "said",
    [
        "Warning: cell size too small for content\nin label of node a",
        "(process:12): Pango-WARNING **: 02:00:00.000: could not load a font",
        "Warning: no hard-coded metrics for 'Arial'.  Falling back to 'Times' metrics",
    ],
)
def test_a_machine_without_fonts_draws_the_map(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str, drawn: Chart
) -> None:
    stand_in(monkeypatch, tmp_path, f"cat >&2 <<END\n{said}\nEND")
    assert render(drawn.dot, "svg").startswith(b"<?xml")


def test_no_time_at_all_is_a_clear_error(drawn: Chart) -> None:
    with pytest.raises(LayoutTimeoutError, match="did not finish"):
        render(drawn.dot, "svg", timeout_s=0.0001)


def test_what_graphviz_complains_of_is_an_error() -> None:
    with pytest.raises(LayoutError, match="syntax error"):
        render("digraph { a -> ", "svg")
    with pytest.raises(LayoutError, match="box2"):
        render("digraph { a [shape=box2] }", "svg")


def test_a_graph_that_does_not_add_up_is_refused() -> None:
    graph = orders()
    with pytest.raises(ValueError, match="do not add up"):
        chart(dataclasses.replace(graph, flows=graph.flows[1:]))


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_colours_can_be_told_from_the_ground(colours: dict[str, str]) -> None:
    ground = colours["card"]
    assert all(contrast(colours[text], ground) >= 4.5 for text in ("ink", "secondary"))
    waits = [contrast(colours[f"wait{index}"], ground) for index in range(5)]
    assert waits == sorted(waits) and waits[0] >= 3
    assert all(contrast(colours[name], ground) >= 3 for name in ("timer", "bar", "accent"))
    assert f"--wait4:{colours['wait4']}" in MAP_CSS
