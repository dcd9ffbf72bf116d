"""The model against pm4py's own numbers, and as files."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pm4py
import pytest
from lxml import etree

from mining.findings import Variant
from mining.model import MOST_ACTIVITIES, discover
from mining.notation import BPMN


def a_variant(*activities: str, cases: int = 1, open_cases: int = 0) -> Variant:
    return Variant(activities, cases, 0.0, open_cases, None, None)


LOG = [
    a_variant("Order", "Check", "Ship", cases=5),
    a_variant("Order", "Ship", "Check", cases=3),
    a_variant("Order", "Check, again", "Check", "Ship", cases=2),
    a_variant("Cancel", cases=1),
]


def as_frame(variants: list[Variant]) -> pd.DataFrame:
    """A log that pm4py takes: one minute between events, in order."""
    rows = [
        (f"{number}-{copy}", name, pd.Timestamp("2024-01-01") + pd.Timedelta(minutes=minute))
        for number, variant in enumerate(variants)
        for copy in range(variant.cases - variant.open)
        for minute, name in enumerate(variant.activities)
    ]
    return pd.DataFrame(rows, columns=["case:concept:name", "concept:name", "time:timestamp"])


def judged_by_pm4py(variants: list[Variant]) -> tuple[int, int, int, float, float]:
    frame = as_frame(variants)
    net, start, end = pm4py.discover_petri_net_inductive(frame, noise_threshold=0.2)
    fitness = pm4py.fitness_token_based_replay(frame, net, start, end)["log_fitness"]
    precision = pm4py.precision_token_based_replay(frame, net, start, end)
    return len(net.places), len(net.transitions), len(net.arcs), fitness, precision


def test_the_numbers_are_pm4pys() -> None:
    plain = [a_variant(*(name.replace(",", "") for name in v.activities), cases=v.cases) for v in LOG]
    model = discover(LOG).model
    assert model is not None
    places, transitions, arcs, fitness, precision = judged_by_pm4py(plain)
    assert (model.places, model.transitions, model.arcs) == (places, transitions, arcs)
    assert model.fitness == pytest.approx(fitness)
    assert model.precision == pytest.approx(precision)


def test_names_that_differ_by_a_comma_stay_apart() -> None:
    found = discover([a_variant("Check, again", "Check; again", cases=2)])
    assert found.model is not None
    assert (found.model.transitions, found.model.conforming_cases) == (2, 2)
    assert {name for _label, name in found.labels} == {"Check, again", "Check; again"}


def test_open_cases_teach_the_model_nothing_but_are_shown() -> None:
    stuck = a_variant("Order", cases=50, open_cases=50)
    found = discover([stuck, *LOG])
    assert found.model == discover(LOG).model
    assert found.variants[0].fitness is None


def test_each_variant_is_judged() -> None:
    rare = a_variant("Ship", "Order", cases=1)
    found = discover([a_variant("Order", "Check", "Ship", cases=99), rare])
    assert found.variants[0].fitness == 1.0
    assert found.variants[1].fitness is not None
    assert found.variants[1].fitness < 1.0
    assert found.model is not None
    assert (found.model.conforming_cases, found.model.cases) == (99, 100)


def test_too_many_activities_give_no_model_and_say_so() -> None:
    found = discover([a_variant(*(f"Step {number}" for number in range(MOST_ACTIVITIES + 1)))])
    assert found.model is None
    assert "101 different activities" in found.note


def test_a_log_of_open_cases_gives_no_model() -> None:
    assert discover([a_variant("Order", open_cases=1)]).note == "No finished case to learn a model from."


HOSTILE = [
    "<script>alert(1)</script>",
    "quote \" and ' and &",
    "line\nbreak",
    "שלום עולם",
    "处理订单",
    "x" * 300,
    "bell \x07",
]


def test_files_hold_every_name_and_other_tools_read_them(tmp_path: Path) -> None:
    discover([a_variant(*HOSTILE, cases=3), a_variant(*HOSTILE[::2], cases=2)]).write(tmp_path)
    net, start, end = pm4py.read_pnml(str(tmp_path / "model.pnml"))
    labels = {t.label for t in net.transitions if t.label}
    assert {name.replace("\x07", "\N{REPLACEMENT CHARACTER}") for name in HOSTILE} == labels
    assert (len(start), len(end)) == (1, 1)
    tasks = etree.parse(tmp_path / "model.bpmn").findall(f".//{{{BPMN}}}task")
    assert {task.get("name") for task in tasks} == labels


def test_the_written_net_runs_like_the_discovered_one(tmp_path: Path) -> None:
    plain = [a_variant(*(name.replace(",", "") for name in v.activities), cases=v.cases) for v in LOG]
    found = discover(plain)
    found.write(tmp_path)
    frame = as_frame(plain)
    net, start, end = pm4py.read_pnml(str(tmp_path / "model.pnml"))
    assert found.model is not None
    assert pm4py.fitness_token_based_replay(frame, net, start, end)["log_fitness"] == pytest.approx(found.model.fitness)
    bpmn = pm4py.convert_to_petri_net(pm4py.read_bpmn(str(tmp_path / "model.bpmn")))
    assert pm4py.fitness_token_based_replay(frame, *bpmn)["log_fitness"] == pytest.approx(found.model.fitness)


def test_every_shape_and_path_of_the_bpmn_is_drawn(tmp_path: Path) -> None:
    discover(LOG).write(tmp_path)
    tree = etree.parse(tmp_path / "model.bpmn")
    drawn = {element.get("bpmnElement") for element in tree.iter() if element.get("bpmnElement")}
    process = tree.find(f"{{{BPMN}}}process")
    assert process is not None
    assert {element.get("id") for element in process} | {"process"} == drawn


def test_the_same_log_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        discover(LOG).write(tmp_path / name)
    for file in ("model.pnml", "model.bpmn"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
