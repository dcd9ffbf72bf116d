"""The map: what it shows, that it is safe to show, and that the same graph gives the same picture on every engine."""

from __future__ import annotations

import dataclasses
import os
import random
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from lxml import etree

from mining.findings import Activity, Bottleneck, Flow, Graph, Interval
from mining.flowchart import (
    MAP_CSS,
    Chart,
    draw,
    path_id,
    render,
    scale_named,
    step_id,
)

SVG = "{http://www.w3.org/2000/svg}"
HOUR = 3600.0
DAY = 24 * HOUR
HOSTILE = (
    'He said "stop" & <b>go</b>',
    "<script>alert(1)</script>",
    "one\r\ntwo\tthree",
    "תהליך אישור הזמנה",
    "检查采购订单并确认收货日期和数量是否正确无误",
    "x" * 300,
    "",
    "C:\\New \\N \\G \\E \\\\ end\\",
    "\u202eevil\x00\x07\ud800\uffff",
    "&amp; ]]> --> %s {x} |y|",
)


def activity(name: str, cases: int = 100, **other: int) -> Activity:
    counts = {"events": cases, "cases_repeating": 0, "starts": 0, "ends": 0, "open": 0} | other
    return Activity(name=name, cases=cases, mean_processing_s=None, **counts)


def flow(source: str, target: str, n: int = 100, wait: float = DAY, **other: float | None) -> Flow:
    plain = Flow(source, target, n, n, n * wait, wait, wait, wait, wait, 0, None)
    return dataclasses.replace(plain, **other)


def bottleneck(rank: int, after: str, step: str) -> Bottleneck:
    return Bottleneck(rank, after, step, 0.3, Interval(0.2, 0.4), 100, 0, 1.0, 1.0, 1.0, 1.0, None, None, None, None)


def orders() -> Graph:
    """Five steps: a back edge (Check again), a timer, a skewed wait, moves past hidden steps, and open cases."""
    return Graph(
        cases=100,
        finished=90,
        open=10,
        events=480,
        events_total=500,
        activities=(
            activity("Enter", starts=100),
            activity("Check", events=130, cases_repeating=30, ends=20),
            activity("Deliver", 80, events=110, open=10),
            activity("Invoice", 70),
            activity("Close", 70, ends=70),
        ),
        activities_total=9,
        flows=(
            flow("Enter", "Check", wait=2 * DAY, median_s=20.0),
            flow("Check", "Deliver", 110, wait=3 * HOUR),
            flow("Deliver", "Check", 30, wait=HOUR),
            flow("Deliver", "Invoice", 70, wait=20.0, skipping=35),
            flow("Invoice", "Close", 70, wait=15 * DAY, timer_s=15 * DAY),
        ),
    )


MAIN = ("Enter", "Check", "Deliver", "Invoice", "Close")


def chart(graph: Graph, main: tuple[str, ...] = MAIN, **other: object) -> Chart:
    wanted = {
        "full": graph,
        "bottlenecks": [bottleneck(1, "Enter", "Check")],
        "scale": scale_named("2h-3d"),
        "title": "Orders",
        "coverage": 1.0,
    }
    return draw(graph, main=main, **(wanted | other))


def crowd(steps: int) -> Graph:
    """Every step leads to every other."""
    names = [f"Step {index}" for index in range(steps)]
    activities = tuple(activity(name, 50, starts=steps, ends=steps) for name in names)
    flows = tuple(
        flow(a, b, 1 + (i * 7 + j * 3) % 11) for i, a in enumerate(names) for j, b in enumerate(names) if i != j
    )
    return Graph(steps * steps, steps * steps, 0, 50 * steps, 50 * steps, activities, steps, flows)


@pytest.fixture(scope="module")
def drawn() -> Chart:
    return chart(orders())


def parsed(svg: str) -> etree._Element:
    return etree.fromstring(svg.encode())


def element(svg: str, wanted: str) -> etree._Element:
    found = [one for one in parsed(svg).iter() if one.get("id") == wanted]
    assert len(found) == 1, wanted
    return found[0]


def written(part: etree._Element) -> str:
    return "|".join("".join(text.itertext()) for text in part.iter(f"{SVG}text")).replace("\xa0", " ")


def test_a_step_says_its_name_cases_share_and_repeats(drawn: Chart) -> None:
    check = element(drawn.svg, step_id("Check"))
    assert written(check) == "Check|100 cases · 100 %|30 % repeat"
    assert (
        check.get("aria-label").replace("\xa0", " ")
        == "Check: 100 of 100 cases (100 %), 130 times; 30 % of them repeat it"
    )
    assert check.find(f"{SVG}title").text == check.get("aria-label")
    assert (check.get("tabindex"), check.get("role"), check.get("class")) == ("0", "img", "node act")


def test_the_bar_is_as_long_as_the_share_of_cases(drawn: Chart) -> None:
    bars = {part.get("class"): part for part in element(drawn.svg, step_id("Deliver")).iter(f"{SVG}polygon")}
    lengths = {}
    for name, bar in bars.items():
        across = [float(point.split(",")[0]) for point in bar.get("points").split()]
        lengths[name] = max(across) - min(across)
    assert lengths["bar"] == pytest.approx(0.8 * 152, abs=0.6)
    assert lengths["bar"] + lengths["rest"] == pytest.approx(152, abs=0.1)


def test_start_end_and_open_carry_their_cases(drawn: Chart) -> None:
    assert [written(element(drawn.svg, pill)) for pill in ("start", "end", "open")] == [
        "Start   100",
        "End   90",
        "Open   10",
    ]
    terminal = element(drawn.svg, f"e_{step_id('Deliver')}_open")
    assert (written(terminal), terminal.get("class")) == ("10", "edge terminal")


def test_a_bottleneck_has_its_badge_and_tells_what_the_average_hides(drawn: Chart) -> None:
    worst = element(drawn.svg, path_id("Enter", "Check"))
    assert written(worst) == "1|2 d · 100|half < 1 min"
    assert worst.get("class") == "edge w3 flag"
    head = worst.find("*[@class='head']")
    assert (head.get("stroke"), head.get("stroke-width")) == ("none", None), "an outline would blunt a thick arrow"
    assert (
        worst.get("aria-label").replace("\xa0", " ").endswith("average wait 2 d, half wait at most 20 s; bottleneck 1")
    )


def test_timers_back_edges_and_hidden_steps_are_marked(drawn: Chart) -> None:
    timer = element(drawn.svg, path_id("Invoice", "Close"))
    assert (timer.get("class"), written(timer)) == ("edge timer", "15 d · 70|fixed wait 15 d")
    assert element(drawn.svg, path_id("Deliver", "Check")).get("class") == "edge w0 back"
    past = element(drawn.svg, path_id("Deliver", "Invoice"))
    assert (past.get("class"), written(past)) == ("edge w0 skip", "70"), "below a minute only the moves are written"
    lines = [part.find("*[@class='line']").get("stroke-dasharray") for part in (timer, past)]
    assert all(lines) and lines[0] != lines[1]
    assert element(drawn.svg, path_id("Check", "Deliver")).find("*[@class='line']").get("stroke-dasharray") is None


def test_a_timer_gets_no_badge() -> None:
    ranked = chart(orders(), bottlenecks=[bottleneck(1, "Invoice", "Close"), bottleneck(6, "Check", "Deliver")])
    assert written(element(ranked.svg, path_id("Invoice", "Close"))) == "15 d · 70|fixed wait 15 d"
    assert "flag" not in {word for one in parsed(ranked.svg).iter() for word in one.get("class", "").split()}


def test_widths_refer_to_the_whole_process() -> None:
    graph = orders()
    whole = dataclasses.replace(graph, flows=(*graph.flows, flow("Close", "Close", 400)))
    path = element(chart(graph, full=whole).svg, path_id("Enter", "Check")).find("*[@class='line']")
    assert float(path.get("stroke-width")) == pytest.approx(1 + 5 * (100 / 400) ** 0.5)


def test_the_legend_is_in_the_file_and_says_how_much_is_shown(drawn: Chart) -> None:
    legend = written(element(drawn.svg, "legend"))
    for text in (
        "2 h|8 h|1 d|3 d",
        "1|20|110",
        "Bottleneck",
        "Fixed wait",
        "hidden steps",
        "5 of 9 steps · 9 paths · 100 % of all moves",
    ):
        assert text in legend
    plain = dataclasses.replace(
        orders(), flows=tuple(dataclasses.replace(one, timer_s=None, skipping=0) for one in orders().flows)
    )
    legend = written(element(chart(plain, bottlenecks=[]).svg, "legend"))
    assert not any(text in legend for text in ("Bottleneck", "Fixed wait", "hidden steps"))


def test_the_numbers_beside_the_picture(drawn: Chart) -> None:
    assert (drawn.activities_shown, drawn.activities_total) == (5, 9)
    assert (drawn.flows_shown, drawn.flows_total, drawn.coverage) == (9, 9, 1.0)


def test_sizes_are_pixels_and_nothing_breaks_a_strict_page(drawn: Chart) -> None:
    root = parsed(drawn.svg)
    assert [root.get("width"), root.get("height")] == [
        f"{float(number):g}" for number in root.get("viewBox").split()[2:]
    ]
    assert root.get("role") == "group" and root.get("aria-label") == "Orders"
    assert not [one for one in root.iter() if "style" in one.attrib or any("href" in name for name in one.attrib)]
    assert root.find(f"{SVG}style").text == MAP_CSS


def test_inline_has_prefixed_ids_and_no_style(drawn: Chart) -> None:
    root = parsed(drawn.inline_svg("m1-"))
    ids = [one.get("id") for one in root.iter() if "id" in one.attrib]
    assert len(ids) == len(set(ids)) and all(name.startswith("m1-") for name in ids)
    assert f"m1-{step_id('Check')}" in ids
    assert root.find(f"{SVG}style") is None and not drawn.inline_svg("x").startswith("<?xml")


def test_every_class_in_the_drawing_is_styled(drawn: Chart) -> None:
    classes = {word for one in parsed(drawn.svg).iter() for word in one.get("class", "").split()}
    unstyled = {word for word in classes if f".{word}" not in MAP_CSS}
    assert unstyled <= {"node", "legend", "flag", "back", "skip"}


def test_the_same_graph_gives_the_same_bytes() -> None:
    even = crowd(5)
    even = dataclasses.replace(even, flows=tuple(dataclasses.replace(one, n=5) for one in even.flows))
    for graph in (orders(), even):
        first = chart(graph, main=MAIN)
        for seed in range(4):
            shuffled = random.Random(seed)  # noqa: S311
            mixed = dataclasses.replace(
                graph,
                activities=tuple(shuffled.sample(graph.activities, len(graph.activities))),
                flows=tuple(shuffled.sample(graph.flows, len(graph.flows))),
            )
            again = chart(mixed, main=MAIN)
            assert (again.dot, again.svg) == (first.dot, first.svg)


@pytest.mark.parametrize("path", [None, "/nowhere"])
def test_every_arrow_points_at_its_step(monkeypatch: pytest.MonkeyPatch, path: str | None) -> None:
    if path:
        monkeypatch.setenv("PATH", path)
    svg = parsed(chart(orders()).svg)
    groups = {one.get("id"): one for one in svg.iter(f"{SVG}g") if one.get("id")}
    arrows = [name for name in groups if name.startswith("e_")]
    assert len(arrows) == 9
    for name in arrows:
        tip = groups[name].find("*[@class='head']").get("points").split()[1]
        x, y = (float(number) for number in tip.split(","))
        left, top, right, bottom = box_of(groups[name.split("_")[2]])
        assert left - 1.2 <= x <= right + 1.2 and top - 1.2 <= y <= bottom + 1.2, name


def box_of(group: etree._Element) -> tuple[float, float, float, float]:
    numbers = [float(number) for number in re.findall(r"-?[\d.]+", group.find("*[@class='box']").get("d"))]
    return min(numbers[::2]), min(numbers[1::2]), max(numbers[::2]), max(numbers[1::2])


def test_the_same_bytes_in_another_process(drawn: Chart) -> None:
    program = "import sys, test_flowchart as t; sys.stdout.buffer.write(t.chart(t.orders()).svg.encode())"
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parent)}
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, env=environment)
        assert done.stdout.decode() == drawn.svg


def test_both_engines_draw_the_same_structure(drawn: Chart, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    bundled = chart(orders())
    assert bundled.dot == drawn.dot
    assert _structure(bundled.svg) == _structure(drawn.svg)
    assert render(drawn.dot, "png").startswith(b"\x89PNG") and render(drawn.dot, "pdf").startswith(b"%PDF")


def _structure(svg: str) -> list[tuple[object, ...]]:
    parts = [one for one in parsed(svg).iter(f"{SVG}g") if one.get("id")]
    return sorted((one.get("id"), one.get("class"), one.get("aria-label"), written(one)) for one in parts)


def test_pictures_for_print(drawn: Chart) -> None:
    assert render(drawn.dot, "png").startswith(b"\x89PNG")
    assert render(drawn.dot, "pdf").startswith(b"%PDF")
    with pytest.raises(ValueError, match="svg, png or pdf"):
        render(drawn.dot, "exe")


@pytest.mark.parametrize("path", [None, "/nowhere"])
def test_hostile_names_are_only_ever_text(monkeypatch: pytest.MonkeyPatch, path: str | None) -> None:
    if path:
        monkeypatch.setenv("PATH", path)
    steps = [activity(name, starts=100 if not index else 0) for index, name in enumerate(HOSTILE)]
    steps[-1] = dataclasses.replace(steps[-1], ends=100)
    flows = [flow(a, b) for a, b in pairwise(HOSTILE)]
    graph = Graph(100, 100, 0, 1000, 1000, tuple(steps), 10, tuple(flows))
    hostile = chart(graph, main=HOSTILE, title='</title><script>"&')
    root = parsed(hostile.svg)
    assert {one.tag for one in root.iter()} <= {
        SVG + tag for tag in ("svg", "title", "desc", "style", "g", "path", "polygon", "text", "tspan")
    }
    assert not [name for one in root.iter() for name in one.attrib if name.startswith("on")]
    texts = [written(element(hostile.svg, step_id(name))).split("|100 cases")[0] for name in HOSTILE]
    assert texts[0] == 'He said "stop" &|<b>go</b>'
    assert texts[1] == "<script>alert(1)</script>"
    assert texts[2] == "one two three"
    assert texts[5].endswith("…") and texts[5].count("|") == 2
    assert texts[6] == "(no name)"
    assert texts[7].replace("|", " ") == "C:\\New \\N \\G \\E \\\\ end\\"
    assert texts[8] == "evil ��"
    assert "x" * 300 in element(hostile.svg, step_id("x" * 300)).get("aria-label")


def test_one_activity_and_none() -> None:
    one = Graph(3, 2, 1, 3, 3, (activity("Only", 3, starts=3, ends=2, open=1),), 1, ())
    single = chart(one, main=("Only",))
    assert (single.flows_shown, single.coverage) == (3, 1.0)
    nothing = Graph(0, 0, 0, 0, 0, (), 0, ())
    empty = chart(nothing, main=())
    assert (empty.activities_shown, empty.flows_total, empty.coverage) == (0, 0, 1.0)
    assert "No cases to show yet" in written(parsed(empty.svg)).replace("\xa0", " ")
