"""What a screen reader says, and the pointer shows, of each step and path: whole sentences with the full names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mining.findings import Activity, Flow, Graph
from mining.flowchart.durations import duration_text, share_text
from mining.flowchart.labels import display_name
from mining.flowchart.simplify import END, OPEN, START, Path, all_paths, step_id
from mining.languages import _, count_text, pgettext


def sentences(graph: Graph, ranks: Mapping[tuple[str, str], int]) -> dict[str, str]:
    """Say each step, path and pill of a graph in a sentence, by the id of its element."""
    names = {step_id(activity.name): display_name(activity.name) for activity in graph.activities}
    said = {step_id(activity.name): _of_step(activity, graph.cases) for activity in graph.activities}
    for path in all_paths(graph):
        said[path.id] = _of_flow(path.flow, ranks) if path.flow else _of_terminal(path, names)
    said[START] = _("Start: {n} cases").format(n=count_text(graph.cases))
    said[END] = _("End: {n} finished cases").format(n=count_text(graph.finished))
    said[OPEN] = _("Open: {n} cases that have not finished").format(n=count_text(graph.open))
    return said


def _of_step(activity: Activity, cases: int) -> str:
    counts = {"n": count_text(activity.cases), "all": count_text(cases), "share": share_text(activity.cases, cases)}
    text = _("{step}: {n} of {all} cases ({share}), {times} times")
    parts = [text.format(step=display_name(activity.name), times=count_text(activity.events), **counts)]
    if activity.cases_repeating:
        repeating = share_text(activity.cases_repeating, activity.cases)
        parts.append(_("{share} of them repeat it").format(share=repeating))
    if activity.mean_processing_s is not None:
        parts.append(_("takes {time} on average").format(time=duration_text(activity.mean_processing_s)))
    return _joined(parts)


def _of_flow(flow: Flow, ranks: Mapping[tuple[str, str], int]) -> str:
    names = {"source": display_name(flow.source), "target": display_name(flow.target)}
    times = {"average": duration_text(flow.winsorised_mean_s), "median": duration_text(flow.median_s)}
    text = _("{source} → {target}: {n} moves, average wait {average}, half wait at most {median}")
    parts = [text.format(n=count_text(flow.n), **names, **times)]
    rank = ranks.get((step_id(flow.source), step_id(flow.target)))
    if rank:
        parts.append(_("bottleneck {rank}").format(rank=rank))
    if flow.timer_s is not None:
        parts.append(_("a fixed wait of {time}").format(time=duration_text(flow.timer_s)))
    if flow.skipping:
        share = share_text(flow.skipping, flow.n)
        parts.append(_("{share} of the moves pass steps that are hidden here").format(share=share))
    return _joined(parts)


def _of_terminal(path: Path, names: Mapping[str, str]) -> str:
    n = count_text(path.n)
    if path.source == START:
        return _("Start → {step}: {n} cases start here").format(step=names[path.target], n=n)
    if path.target == END:
        return _("{step} → End: {n} cases end here").format(step=names[path.source], n=n)
    return _("{step} → Open: {n} cases have not gone on").format(step=names[path.source], n=n)


def _joined(parts: Sequence[str]) -> str:
    # Translators: what stands between the parts of a sentence
    return pgettext("between parts of a sentence", "; ").join(parts)
