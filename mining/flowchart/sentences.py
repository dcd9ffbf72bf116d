"""What a screen reader says, and the pointer shows, of each step and path: whole sentences with the full names."""

from __future__ import annotations

from collections.abc import Mapping

from mining.findings import Activity, Flow, Graph
from mining.flowchart.durations import duration_text, share_text
from mining.flowchart.labels import display_name
from mining.flowchart.simplify import END, OPEN, START, Path, all_paths, step_id
from mining.languages import count_text


def sentences(graph: Graph, ranks: Mapping[tuple[str, str], int]) -> dict[str, str]:
    """Say each step, path and pill of a graph in a sentence, by the id of its element."""
    names = {step_id(activity.name): display_name(activity.name) for activity in graph.activities}
    said = {step_id(activity.name): _of_step(activity, graph.cases) for activity in graph.activities}
    for path in all_paths(graph):
        said[path.id] = _of_flow(path.flow, ranks) if path.flow else _of_terminal(path, names)
    said[START] = f"Start: {count_text(graph.cases)} cases"
    said[END] = f"End: {count_text(graph.finished)} finished cases"
    said[OPEN] = f"Open: {count_text(graph.open)} cases that have not finished"
    return said


def _of_step(activity: Activity, cases: int) -> str:
    share = share_text(activity.cases, cases)
    text = f"{display_name(activity.name)}: {count_text(activity.cases)} of {count_text(cases)} cases ({share})"
    text += f", {count_text(activity.events)} times"
    if activity.cases_repeating:
        text += f"; {share_text(activity.cases_repeating, activity.cases)} of them repeat it"
    if activity.mean_processing_s is not None:
        text += f"; takes {duration_text(activity.mean_processing_s)} on average"
    return text


def _of_flow(flow: Flow, ranks: Mapping[tuple[str, str], int]) -> str:
    text = f"{display_name(flow.source)} → {display_name(flow.target)}: {count_text(flow.n)} moves"
    text += f", average wait {duration_text(flow.winsorised_mean_s)}, half wait at most {duration_text(flow.median_s)}"
    rank = ranks.get((step_id(flow.source), step_id(flow.target)))
    if rank:
        text += f"; bottleneck {rank}"
    if flow.timer_s is not None:
        text += f"; a fixed wait of {duration_text(flow.timer_s)}"
    if flow.skipping:
        text += f"; {share_text(flow.skipping, flow.n)} of the moves pass steps that are hidden here"
    return text


def _of_terminal(path: Path, names: Mapping[str, str]) -> str:
    if path.source == START:
        return f"Start → {names[path.target]}: {count_text(path.n)} cases start here"
    goal, what = ("End", "end here") if path.target == END else ("Open", "have not gone on")
    return f"{names[path.source]} → {goal}: {count_text(path.n)} cases {what}"
