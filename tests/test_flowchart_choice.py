"""Which steps and paths are shown, in which order and colours: against brute force."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from itertools import pairwise, permutations, product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mining.errors import InputError
from mining.findings import Activity, Flow, Graph
from mining.flowchart import SCALES, Scale, choose_scale, default_level, levels, phone_level, scale_named, step_id
from mining.flowchart.order import _greedy, order_of, upward
from mining.flowchart.simplify import (
    END,
    MOST_PATHS,
    OPEN,
    START,
    Path,
    all_paths,
    backbone,
    main_pairs,
    selections,
    share_of_moves,
)

Trace = tuple[str, bool]  # activities, one letter each; still open?


def graph_of(traces: list[Trace], kept: frozenset[str] | None = None) -> Graph:
    """Project and count by hand."""
    shown = [([letter for letter in trace if kept is None or letter in kept], is_open) for trace, is_open in traces]
    shown = [(trace, is_open) for trace, is_open in shown if trace]
    moves = Counter(pair for trace, _ in shown for pair in pairwise(trace))
    names = sorted({letter for trace, _ in shown for letter in trace})
    activities = tuple(_activity(name, shown) for name in names)
    flows = tuple(Flow(a, b, n, n, 60.0 * n, 60.0, 60.0, 60.0, 60.0, 0, None) for (a, b), n in moves.items())
    still_open = sum(is_open for _, is_open in shown)
    events = sum(len(trace) for trace, _ in shown)
    total = sum(len(trace) for trace, _ in traces)
    everything = len({letter for trace, _ in traces for letter in trace})
    return Graph(len(shown), len(shown) - still_open, still_open, events, total, activities, everything, flows)


def _activity(name: str, traces: list[tuple[list[str], bool]]) -> Activity:
    counts = [trace.count(name) for trace, _ in traces]
    return Activity(
        name,
        sum(counts),
        sum(count > 0 for count in counts),
        sum(count > 1 for count in counts),
        sum(trace[0] == name for trace, _ in traces),
        sum(trace[-1] == name and not is_open for trace, is_open in traces),
        sum(trace[-1] == name and is_open for trace, is_open in traces),
        None,
    )


LOGS = st.lists(st.tuples(st.text("abcdefghijklmn", min_size=1, max_size=12), st.booleans()), min_size=1, max_size=25)


def main_of(traces: list[Trace]) -> tuple[str, ...]:
    return tuple(min(Counter(trace for trace, _ in traces).items(), key=lambda one: (-one[1], one[0]))[0])


def reached(start: set[str], paths: list[tuple[str, str]]) -> set[str]:
    found = set(start)
    while True:
        more = {b for a, b in paths if a in found} - found
        if not more:
            return found
        found |= more


@settings(max_examples=200, deadline=None)
@example([("abdbcda", False)], 0.9)  # networkx.maximum_spanning_arborescence finds none
@given(LOGS, st.sampled_from([0.0, 0.5, 0.9, 1.0]))
def test_at_every_level_every_step_is_on_a_way_from_start_to_end(traces: list[Trace], coverage: float) -> None:
    full, main = graph_of(traces), main_of(traces)
    for kept in levels(full, main):
        graph = graph_of(traces, frozenset(kept))
        paths = all_paths(graph)
        steps = {step_id(name) for name in kept}
        for shown in selections(paths, len(kept), set(main_pairs(graph, main)), coverage):
            pairs = [(path.source, path.target) for path in shown]
            assert steps <= reached({START}, pairs)
            assert steps <= reached({END, OPEN}, [(b, a) for a, b in pairs])
            assert {END} & {b for _, b in pairs} if graph.finished else True
            assert {OPEN} & {b for _, b in pairs} if graph.open else True, "open cases never vanish"
            assert len(shown) <= MOST_PATHS


@settings(max_examples=100, deadline=None)
@given(LOGS)
def test_coverage_is_the_share_of_all_moves(traces: list[Trace]) -> None:
    paths = all_paths(graph_of(traces))
    moves = Counter(
        pair
        for trace, is_open in traces
        for pair in pairwise([START, *(step_id(letter) for letter in trace), OPEN if is_open else END])
    )
    for shown in selections(paths, 14, set(), 0.9):
        by_hand = sum(moves[path.source, path.target] for path in shown) / moves.total()
        assert share_of_moves(shown, paths) == pytest.approx(by_hand)
    assert share_of_moves(paths, paths) == 1


@settings(max_examples=60, deadline=None)
@given(LOGS)
def test_more_paths_cover_more_and_the_first_choice_covers_enough(traces: list[Trace]) -> None:
    paths = all_paths(graph_of(traces))
    choices = selections(paths, 14, set(), 1.0)
    assert [set(more) >= set(less) for more, less in pairwise(choices)] == [True] * (len(choices) - 1)
    assert len(choices[0]) == min(len(paths), max(MOST_PATHS, len(choices[-1])))


SMALL = st.lists(st.tuples(st.text("abcd", min_size=1, max_size=6), st.booleans()), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(SMALL)
def test_the_backbone_is_the_heaviest_of_all_pairs_of_trees(traces: list[Trace]) -> None:
    paths = all_paths(graph_of(traces))
    bones = {(path.source, path.target) for path in backbone(paths)}
    forward = heaviest([(path.source, path.target, path.n) for path in paths], START)
    sink = {END: "sink", OPEN: "sink"}
    backward = heaviest(
        [(sink.get(path.target, path.target), path.source, path.n) for path in paths if path.source != START], "sink"
    )
    shown = [path for path in paths if (path.source, path.target) in bones]
    assert heaviest([(path.source, path.target, path.n) for path in shown], START) == forward
    reverse = [(sink.get(path.target, path.target), path.source, path.n) for path in shown if path.source != START]
    assert heaviest(reverse, "sink") == backward


def heaviest(edges: list[tuple[str, str, int]], root: str) -> int:
    """Try every choice of one edge into each vertex."""
    vertices = sorted({vertex for a, b, _ in edges for vertex in (a, b)} - {root})
    into = [[(a, b, n) for a, b, n in edges if b == vertex and a != b] for vertex in vertices]
    best = -1
    for choice in product(*into):
        if len(reached({root}, [(a, b) for a, b, _ in choice])) == len(vertices) + 1:
            best = max(best, sum(n for *_, n in choice))
    return best


def test_a_graph_whose_counts_do_not_add_up_is_refused() -> None:
    whole = (Path(START, "a", 1, None), Path("a", "b", 1, None), Path("b", END, 1, None))
    assert backbone(whole) == whole
    for missing in whole:
        with pytest.raises(ValueError, match="do not add up"):
            backbone(tuple(path for path in whole if path != missing))


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.tuples(st.sampled_from("abcde"), st.sampled_from("abcde")), st.integers(1, 20)))
def test_the_order_is_complete_and_no_single_step_moves_better(weights: dict[tuple[str, str], int]) -> None:
    order = order_of("abcde", weights)
    assert sorted(order) == list("abcde")
    inner = {pair: n for pair, n in weights.items() if pair[0] != pair[1]}
    best = min(upward(other, inner) for other in permutations("abcde"))
    assert best <= upward(order, inner) <= sum(inner.values()) / 2
    for step in order:
        rest = [other for other in order if other != step]
        for place in range(5):
            assert upward(order, inner) <= upward([*rest[:place], step, *rest[place:]], inner)


@settings(max_examples=60, deadline=None)
@given(st.sets(st.tuples(st.sampled_from("abcdefg"), st.sampled_from("abcdefg"))), st.permutations("abcdefg"))
def test_without_cycles_nothing_points_upwards(pairs: set[tuple[str, str]], names: list[str]) -> None:
    weights = {(names["abcdefg".index(a)], names["abcdefg".index(b)]): 1 for a, b in pairs if a < b}
    assert upward(_greedy(list("abcdefg"), weights), weights) == 0
    assert upward(order_of("abcdefg", weights), weights) == 0


def test_the_greedy_puts_what_follows_a_cycle_last() -> None:
    moves = {("a", "b"): 9, ("b", "c"): 9, ("c", "b"): 4, ("c", "d"): 9, ("d", "e"): 9}
    assert _greedy(list("edcba"), moves) == list("abcde")


def test_the_order_follows_the_flow() -> None:
    weights = {
        ("enter", "check"): 100,
        ("check", "pay"): 80,
        ("pay", "check"): 10,
        ("enter", "reject"): 5,
        ("check", "close"): 20,
    }
    order = order_of(["close", "pay", "reject", "check", "enter"], weights)
    assert upward(order, weights) == 10, "only the way back points upwards"


def some(counts: dict[str, tuple[int, int]]) -> Graph:
    activities = tuple(Activity(name, events, cases, 0, 1, 1, 0, None) for name, (events, cases) in counts.items())
    events = sum(events for events, _ in counts.values())
    return Graph(1, 1, 0, events, events, activities, len(activities), ())


def test_levels_take_the_main_variant_first_then_the_most_cases() -> None:
    graph = some({letter: (10, 100 - index) for index, letter in enumerate("abcdefghijklm")})
    found = levels(graph, ("m", "b", "m", "gone"))
    assert found[0] == ("m", "b", "a", "c")
    assert [len(kept) for kept in found] == [4, 6, 8, 10, 12, 13]
    assert all(set(few) < set(more) for few, more in pairwise(found))
    assert levels(some({}), ()) == ()


def test_levels_end_at_forty_steps() -> None:
    graph = some({f"step {index:04}": (1, 1) for index in range(5000)})
    assert [len(kept) for kept in levels(graph, ())] == [4, 6, 8, 10, 12, 15, 20, 27, 36, 40]
    assert [len(kept) for kept in levels(graph, tuple(f"step {index:04}" for index in range(5000)))][-1] == 40


def test_the_level_to_open_with() -> None:
    many = dict.fromkeys("abcdef", (100, 100)) | dict.fromkeys("ghijklmnop", (1, 1))
    graph = some(many)
    found = levels(graph, ())
    assert len(found[default_level(graph, found)]) == 6
    assert len(found[default_level(graph, found, {"a", "i"})]) == 10, "the step of a bottleneck is on the map"
    assert len(found[default_level(graph, found, {"a", "p"})]) == 6, "but not on one that nobody can read"
    flat = some({f"{index:02}": (10, 10) for index in range(30)})
    found = levels(flat, ())
    assert len(found[default_level(flat, found)]) == 12, "no level of at most 12 has 95 %: the largest of them"
    assert len(found[phone_level(found)]) == 6
    tiny = some({"a": (1, 1)})
    assert (default_level(tiny, levels(tiny, ())), phone_level(levels(tiny, ()))) == (0, 0)


def test_seven_scales_found_by_name() -> None:
    assert len(SCALES) == 7
    assert all(scale_named(scale.name) is scale for scale in SCALES)
    assert all(list(scale.limits_s) == sorted(scale.limits_s) for scale in SCALES)
    with pytest.raises(InputError, match="no colour scale; write one of 5min-8h"):
        scale_named("hours")


def test_a_limit_belongs_to_the_class_above() -> None:
    assert [SCALES[1].colour_class(hours * 3600) for hours in (0, 0.49, 0.5, 2, 7.9, 8, 24, 999)] == [
        0,
        0,
        1,
        2,
        2,
        3,
        4,
        4,
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 50), st.floats(0, 1e8)), max_size=12))
def test_the_scale_parts_the_moves_best(waits: list[tuple[int, float]]) -> None:
    flows = tuple(Flow(str(i), "b", n, n, 0.0, w, w, w, w, 0, None) for i, (n, w) in enumerate(waits))
    graph = dataclasses.replace(some({}), flows=(*flows, Flow("t", "b", 9999, 1, 0.0, 9e6, 9e6, 9e6, 9e6, 0, 9e6)))
    best = max(entropy(scale, waits) for scale in SCALES)
    assert entropy(choose_scale(graph), waits) == pytest.approx(best, abs=1e-8)


def test_timers_have_no_say_in_the_choice_of_the_scale() -> None:
    hours = [0.25, 1.0, 5.0, 12.0, 48.0]
    flows = [Flow(str(i), "b", 10, 10, 0.0, 0.0, wait * 3600, 0.0, 0.0, 0, None) for i, wait in enumerate(hours)]
    days = [
        Flow(f"t{i}", "b", 50, 50, 0.0, 0.0, wait * 86400, 0.0, 0.0, 0, wait)
        for i, wait in enumerate((5.0, 10.0, 20.0, 50.0, 100.0))
    ]
    assert choose_scale(dataclasses.replace(some({}), flows=tuple(flows))).name == "30min-1d"
    assert choose_scale(dataclasses.replace(some({}), flows=(*flows, *days))).name == "30min-1d"


def entropy(scale: Scale, waits: list[tuple[int, float]]) -> float:
    total = sum(n for n, _ in waits)
    parts = [
        sum(n for n, wait in waits if low <= wait < high) for low, high in pairwise((-1.0, *scale.limits_s, math.inf))
    ]
    return -sum(part / total * math.log(part / total) for part in parts if part)
