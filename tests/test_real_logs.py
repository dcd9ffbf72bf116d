"""The real logs: pm4py's numbers and what their publishers say of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pm4py
import pytest
from conftest import a_process

from mining.discovery import directly_follows, variants
from mining.model import discover
from mining.sources import pull
from mining.store import Tables, derive

LATE = datetime(2030, 1, 1, tzinfo=UTC)
COLUMNS = {"case": "case_id", "activity": "activity", "completed": "timestamp", "order": "event_idx"}


@pytest.fixture(scope="module")
def tables_of(logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Tables]:
    kept: dict[str, Tables] = {}

    def tables(name: str) -> Tables:
        if name not in kept:
            folder = tmp_path_factory.mktemp(name)
            process = a_process(source={"files": str(logs / f"{name}.parquet")}, columns=COLUMNS)
            derive(process, [pull(process, folder).path], LATE, folder)
            kept[name] = Tables(folder)
        return kept[name]

    return tables


def as_pm4py(logs: Path, name: str) -> pd.DataFrame:
    """The log sorted as pm4py silently expects it."""
    frame = pd.read_parquet(logs / f"{name}.parquet").sort_values(["case_id", "timestamp", "event_idx"])
    return pm4py.format_dataframe(
        frame, case_id="case_id", activity_key="activity", timestamp_key="timestamp"
    ).sort_values(["case:concept:name", "time:timestamp", "event_idx"])


@pytest.mark.parametrize("name", ["receipt", "purchasing_example", "sap_o2c_completed", "bpic2013_incidents"])
def test_graph_and_variants_are_pm4pys(name: str, logs: Path, tables_of: Callable[[str], Tables]) -> None:
    tables, frame = tables_of(name), as_pm4py(logs, name)
    counts, starts, ends = pm4py.discover_dfg(frame)
    graph = directly_follows(tables)
    assert {(f.source, f.target): f.n for f in graph.flows} == dict(counts)
    assert {a.name: a.starts for a in graph.activities if a.starts} == dict(starts)
    assert {a.name: a.ends + a.open for a in graph.activities if a.ends + a.open} == dict(ends)
    assert {v.activities: v.cases for v in variants(tables)} == pm4py.get_variants(frame)


@pytest.mark.parametrize("name", ["receipt", "sap_o2c_completed", "bpic2013_incidents"])
def test_waits_are_pm4pys(name: str, logs: Path, tables_of: Callable[[str], Tables]) -> None:
    performance, _starts, _ends = pm4py.discover_performance_dfg(as_pm4py(logs, name))
    flows = directly_follows(tables_of(name)).flows
    assert len(flows) == len(performance)
    for flow in flows:
        theirs = performance[flow.source, flow.target]
        assert flow.total_s == pytest.approx(theirs["sum"], abs=1)
        assert flow.mean_s == pytest.approx(theirs["mean"], abs=1)
        assert flow.median_s == pytest.approx(theirs["median"], abs=1)


@pytest.mark.parametrize("name", ["receipt", "purchasing_example", "running_example"])
def test_the_model_is_pm4pys(name: str, logs: Path, tables_of: Callable[[str], Tables]) -> None:
    """On the finished cases, which are those that the model is made of."""
    tables = tables_of(name)
    finished = [row["case_id"] for row in tables.rows(tables.cases) if row["stop"] is not None]
    frame = as_pm4py(logs, name)
    frame = frame[frame["case:concept:name"].isin(finished)]
    net, start, end = pm4py.discover_petri_net_inductive(frame, noise_threshold=0.2)
    model = discover(variants(tables)).model
    assert model is not None
    assert (model.places, model.transitions, model.arcs) == (len(net.places), len(net.transitions), len(net.arcs))
    fitness = pm4py.fitness_token_based_replay(frame, net, start, end)
    assert model.fitness == pytest.approx(fitness["log_fitness"])
    assert model.precision == pytest.approx(pm4py.precision_token_based_replay(frame, net, start, end))
    assert model.conforming_cases / model.cases * 100 == pytest.approx(fitness["perc_fit_traces"])


def test_published_facts_of_the_sap_log(tables_of: Callable[[str], Tables]) -> None:
    tables = tables_of("sap_o2c_completed")
    found = variants(tables)
    assert (len(found), sum(v.cases == 1 for v in found)) == (3872, 2719)
    assert [v.cases for v in found[:3]] == [14979, 9687, 8809]
    graph = directly_follows(tables)
    assert (graph.events, graph.cases, len(graph.activities), len(graph.flows)) == (369_926, 66_299, 28, 349)
    [blocked] = [f for f in graph.flows if (f.source, f.target) == ("Delivery Block set", "Create Delivery")]
    assert blocked.n == 134


def test_published_facts_of_the_other_logs(tables_of: Callable[[str], Tables]) -> None:
    facts = {
        "uci_servicenow_incidents": (141_712, 24_918, 9),
        "bpic2013_incidents": (65_533, 7_554, 4),
        "receipt": (8_577, 1_434, 27),
        "purchasing_example": (9_119, 608, 21),
        "production": (4_543, 225, 55),
        "running_example": (42, 6, 8),
    }
    for name, expected in facts.items():
        graph = directly_follows(tables_of(name))
        assert (graph.events, graph.cases, len(graph.activities)) == expected, name
