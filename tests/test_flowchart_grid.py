"""The maps behind the sliders: each one true, each one once, and few enough bytes."""

from __future__ import annotations

import gzip
import random
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from lxml import etree
from test_flowchart import MAIN, SVG, bottleneck, crowd, element, orders, written

from mining.discovery import directly_follows, variants
from mining.flowchart import OPENING, SETTINGS, Variation, draw_grid, path_id, scale_named, step_id
from mining.maps import draw_maps
from mining.measuring import level_graphs
from mining.store import Tables


def grid(*graphs: object) -> tuple[tuple[Variation, ...], ...]:
    return draw_grid(
        graphs,  # type: ignore[arg-type]
        full=graphs[-1],  # type: ignore[arg-type]
        main=MAIN,
        bottlenecks=[bottleneck(1, "Enter", "Check")],
        scale=scale_named("2h-3d"),
        title="Orders",
    )


def test_each_setting_carries_the_moves_it_should_or_all_that_can_be_read() -> None:
    graph = crowd(8)
    (level,) = grid(graph)
    shown = [one.chart.flows_shown for one in level]
    assert shown == sorted(set(shown)) and len(shown) > 2, "fewest paths first, no two the same"
    assert [one.setting for one in level] == sorted({one.setting for one in level})
    assert level[-1].setting == len(SETTINGS) - 1
    for one in level:
        enough = one.chart.coverage >= SETTINGS[one.setting]
        assert enough or one.chart.flows_shown in (15, 24), "1.8 paths a step, then 3, then all: 72"


def test_settings_that_show_the_same_share_a_map() -> None:
    (level,) = grid(orders())
    assert [(one.chart.flows_shown, one.setting, one.opens) for one in level] == [
        (7, 2, True),
        (8, 3, False),
        (9, 5, False),
    ]


def test_one_map_of_each_level_opens() -> None:
    for level in grid(orders(), crowd(8)):
        (opening,) = [one for one in level if one.opens]
        before = [one for one in level if one.setting < OPENING]
        assert level.index(opening) == len(before)


def test_a_map_of_the_grid_has_no_legend_but_tells_what_one_needs() -> None:
    (level,) = grid(orders())
    assert "legend" not in level[0].chart.svg and "Average" not in level[0].chart.dot
    legend = level[0].chart.legend
    assert (legend.badges, legend.timers, legend.dashes, legend.n_max) == (True, True, True, 110)
    assert [n for n, _ in legend.widths] == [1, 20, 110]
    assert (
        parsed(level[0].chart.svg).find(f"{SVG}desc").text.replace("\xa0", " ").endswith("7 paths · 91 % of all moves")
    )


def test_the_same_graphs_give_the_same_grid() -> None:
    again = [grid(orders(), crowd(6)) for _ in range(2)]
    assert again[0] == again[1]


def parsed(svg: str) -> etree._Element:
    return etree.fromstring(svg.encode())


def wild_log(seed: int) -> dict[str, list[str]]:
    """Cases that wander between nine activities, some of them rare; half of them are over."""
    dice = random.Random(seed)  # noqa: S311
    rarely = "abcdefgh"
    cases = {}
    for number in range(60):
        way = [dice.choice(rarely[: dice.choice((2, 4, 6, 8))]) for _ in range(dice.randint(1, 9))]
        cases[f"c{number}"] = way + (["z"] if number % 2 else [])
    return cases


def projected(cases: dict[str, list[str]], kept: set[str]) -> Counter[tuple[str, str]]:
    """Every move of the log without the other activities, also those from Start, to End and to Open: the oracle."""
    moves: Counter[tuple[str, str]] = Counter()
    for way in cases.values():
        left = [step for step in way if step in kept]
        if left:
            goal = "end" if way[-1] == "z" else "open"
            names = ["start", *(step_id(step) for step in left), goal]
            moves.update(pairwise(names))
    return moves


@pytest.mark.parametrize("seed", [1, 2])
def test_every_number_on_every_map_is_that_of_the_projected_log(
    seed: int, mined: Callable[..., Tables], tmp_path: Path
) -> None:
    cases = wild_log(seed)
    events = [(case, step, f"2024-01-{day:02} 08:00") for case, way in cases.items() for day, step in enumerate(way, 1)]
    tables = mined(events, ends=["z"])
    graph = directly_follows(tables)
    main = variants(tables)[0].activities
    maps = draw_maps(level_graphs(tables, graph, main), graph, main, (), tmp_path / "settings.json", "Wild")
    assert {one.chart.activities_shown for one in maps.shown} == {4, 6, 8, 9}
    names = {step_id(name): name for name in "abcdefghz"}
    for one in maps.shown:
        parts = {part.get("id"): part for part in parsed(one.chart.svg).iter(f"{SVG}g") if part.get("id")}
        moves = projected(cases, {names[part] for part in parts if part in names})
        drawn = {tuple(name.split("_")[1:]): written(parts[name]) for name in parts if name.startswith("e_")}
        assert {pair: text.split("|")[0].split(" · ")[-1] for pair, text in drawn.items()} == {
            pair: str(moves[pair]) for pair in drawn
        }
        assert one.chart.coverage == pytest.approx(sum(moves[pair] for pair in drawn) / sum(moves.values()))
        if one.setting == len(SETTINGS) - 1:
            assert len(drawn) == min(len(moves), 90)
    assert (tmp_path / "settings.json").exists()
    assert [sum(getattr(one, kind) for one in maps.shown) for kind in ("default", "phone")] == [1, 1]


def test_the_map_to_take_away_is_the_one_that_opens_and_has_its_legend(
    mined: Callable[..., Tables], tmp_path: Path
) -> None:
    tables = mined([("c", "a", "2024-01-01 08:00"), ("c", "b", "2024-01-02 08:00"), ("d", "a", "2024-01-01 08:00")])
    graph = directly_follows(tables)
    maps = draw_maps(level_graphs(tables, graph, ("a", "b")), graph, ("a", "b"), (), tmp_path / "settings.json", "Two")
    opening = next(one for one in maps.shown if one.default)
    assert "2 of 2 steps" in written(element(maps.file.svg, "legend"))
    assert opening.chart.coverage == maps.file.coverage
    assert element(opening.chart.svg, path_id("a", "b")).get("class") == "edge w4"
    maps.write(tmp_path)
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "map.svg").read_text() == maps.file.svg and (tmp_path / "map.pdf").exists()


def test_fifteen_activities_with_all_their_maps_weigh_little() -> None:
    """A page may weigh 500 KB, compressed; charts and tables want some of that."""
    small = [one.chart.inline_svg("m1-") for level in grid(crowd(4), crowd(8), crowd(15)) for one in level]
    assert len(small) >= 10
    assert len(gzip.compress("".join(small).encode(), 6)) < 150_000
    assert not [svg for svg in small if "fill=" in svg or "Arial" in svg], "the page's style sheet says it"
