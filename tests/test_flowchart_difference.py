"""The map of what changed: what it says, that it is safe, and that the same change gives the same picture."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import pytest
from test_flowchart import HOSTILE, SVG, activity, element, flow, parsed, written

from mining.findings import Changed, Graph, PathChange, Period, StepChange
from mining.flowchart import MAP_CSS, DifferenceChart, draw_difference, path_id, step_id

HOUR, DAY = 3600.0, 86_400.0
MAIN = ("Enter", "Check", "Close")


def change(source: str, target: str, **told: object) -> PathChange:
    same = PathChange(source, target, 300, 100, 1.0, 1.0, 5 * HOUR, 5 * HOUR, False, False, False, 0.0)
    return dataclasses.replace(same, **told)  # type: ignore[arg-type]


def tickets() -> Changed:
    """Checking got slower and closing faster; asking is new, upgrading gone."""
    steps = (
        activity("Enter", 400, starts=400),
        activity("Check", 400, open=20),
        activity("Close", 380, ends=380),
        activity("Ask", 60),
        activity("Upgrade", 90),
    )
    flows = (
        flow("Enter", "Check", 400),
        flow("Check", "Close", 230),
        flow("Check", "Ask", 60),
        flow("Ask", "Close", 60),
        flow("Check", "Upgrade", 90),
        flow("Upgrade", "Close", 90),
    )
    return Changed(
        before=Period("2024-01-01", "2024-03-24", 300, 285),
        after=Period("2024-03-25", "2024-04-21", 100, 80),
        followed_s=18 * DAY,
        finished_changed=True,
        steps=(
            *(StepChange(name, 1.0, 1.0, False) for name in MAIN),
            StepChange("Ask", 0.0, 0.6, True),
            StepChange("Upgrade", 0.3, 0.0, True),
        ),
        paths=(
            change("Enter", "Check", wait_before_s=2 * DAY, wait_after_s=9.7 * DAY, slower=True, impact_s=7.7 * DAY),
            change("Check", "Close", wait_before_s=30 * HOUR, wait_after_s=5 * HOUR, faster=True, share_after=0.4),
            change(
                "Check",
                "Ask",
                moves_before=0,
                wait_before_s=None,
                share_before=0.0,
                share_after=0.6,
                share_changed=True,
            ),
            change("Ask", "Close", moves_before=0, wait_before_s=None, share_before=0.0, share_after=0.6),
            change(
                "Check",
                "Upgrade",
                moves_after=0,
                wait_after_s=None,
                share_before=0.3,
                share_after=0.0,
                share_changed=True,
            ),
            change("Upgrade", "Close", moves_after=0, wait_after_s=None, share_before=0.3, share_after=0.0),
        ),
        graph=Graph(400, 380, 20, 1330, 1330, steps, 5, flows),
    )


@pytest.fixture(scope="module")
def drawn() -> DifferenceChart:
    return draw_difference(tickets(), MAIN, "Tickets")


def test_what_got_slower_and_faster_says_so_in_colour_sign_and_numbers(drawn: DifferenceChart) -> None:
    slower, faster = (element(drawn.svg, path_id(*pair)) for pair in (("Enter", "Check"), ("Check", "Close")))
    assert (slower.get("class"), written(slower)) == ("edge slower", "▲ 7.7 d|2.0 → 9.7 d")
    assert (faster.get("class"), written(faster)) == ("edge faster", "▼ 25 h|30 → 5 h")
    assert [text.get("class") for text in slower.iter(f"{SVG}text")] == ["slower", "secondary"]
    assert slower.get("aria-label").replace("\xa0", " ") == (
        "Enter → Check: slower, average wait 2.0 → 9.7 d; 100 → 100 % of the cases"
    )


def test_new_ways_are_dashed_and_gone_ones_dotted(drawn: DifferenceChart) -> None:
    new, gone = (element(drawn.svg, path_id("Check", step)) for step in ("Ask", "Upgrade"))
    assert (new.get("class"), written(new)) == ("edge same new", "0 → 60 % of cases")
    assert (gone.get("class"), written(gone)) == ("edge same gone", "30 → 0 % of cases")
    dashes = [one.find("*[@class='line']").get("stroke-dasharray") for one in (new, gone)]
    assert all(dashes) and dashes[0] != dashes[1]
    unchanged = element(drawn.svg, path_id("Ask", "Close"))
    assert (unchanged.get("class"), written(unchanged)) == ("edge same", "")


def test_steps_and_ends_say_how_many_of_a_hundred(drawn: DifferenceChart) -> None:
    assert written(element(drawn.svg, step_id("Ask"))) == "Ask|0 → 60 per 100 cases"
    assert [written(element(drawn.svg, pill)) for pill in ("start", "end", "open")] == [
        "Start",
        "End   95 → 80 per 100 cases",
        "Open   5 → 20 per 100",
    ]


def test_the_legend_is_in_the_file_and_not_on_the_page(drawn: DifferenceChart) -> None:
    legend = written(element(drawn.svg, "legend"))
    assert "▲ slower|▼ faster|no clear change" in legend
    assert "2024-01-01 to 2024-03-24 (300 cases) → 2024-03-25 to 2024-04-21 (100 cases)" in legend
    page = parsed(drawn.inline_svg("c0-"))
    ids = [one.get("id") for one in page.iter() if one.get("id")]
    assert "c0-legend" not in ids and len(ids) == len(set(ids)) and all(name.startswith("c0-") for name in ids)
    classes = {word for one in page.iter() for word in one.get("class", "").split()}
    assert {word for word in classes if f".{word}" not in MAP_CSS} <= {"node", "back", "new", "gone"}


def test_what_changed_is_on_the_map_however_rare(drawn: DifferenceChart) -> None:
    changed = tickets()
    rare = dataclasses.replace(changed.paths[0], source="Close", target="Enter", moves_before=3, moves_after=2)
    graph = dataclasses.replace(changed.graph, flows=(*changed.graph.flows, flow("Close", "Enter", 1)))  # type: ignore[type-var]
    for told in (True, False):
        one = dataclasses.replace(rare, slower=told)
        shown = draw_difference(dataclasses.replace(changed, paths=(*changed.paths, one), graph=graph), MAIN, "T").svg
        assert (path_id("Close", "Enter") in shown) == told


def test_the_same_change_gives_the_same_bytes(drawn: DifferenceChart) -> None:
    assert draw_difference(tickets(), MAIN, "Tickets") == drawn


def test_hostile_names_are_only_ever_text() -> None:
    steps = [activity(name, starts=0 if index else 100) for index, name in enumerate(HOSTILE)]
    steps[-1] = dataclasses.replace(steps[-1], ends=100)
    changed = dataclasses.replace(
        tickets(),
        steps=tuple(StepChange(name, 1.0, 2.0, True) for name in HOSTILE),
        paths=tuple(change(a, b, slower=True, wait_after_s=9 * HOUR) for a, b in pairwise(HOSTILE)),
        graph=Graph(100, 100, 0, 1000, 1000, tuple(steps), 10, tuple(flow(a, b) for a, b in pairwise(HOSTILE))),
    )
    root = parsed(draw_difference(changed, (), '</title><script>"&').svg)
    assert {one.tag for one in root.iter()} <= {
        SVG + tag for tag in ("svg", "title", "desc", "style", "g", "path", "polygon", "text", "tspan")
    }
    assert not [name for one in root.iter() for name in one.attrib if name.startswith("on")]


def test_without_two_cohorts_there_is_nothing_to_draw() -> None:
    with pytest.raises(ValueError, match="Too few cases"):
        draw_difference(Changed(note="Too few cases"), (), "Tickets")
