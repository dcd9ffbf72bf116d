"""The process model: discovered, tried on every variant, written as PNML and BPMN. The one module that imports pm4py.

pm4py sees each variant once, so that no order of rows can mislead it, and labels without the comma by which it joins names.
Labels are the names otherwise: its replay breaks ties by them, and other labels would give other numbers than its own.
"""

from __future__ import annotations

import contextlib
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mining.findings import Model, Variant
from mining.notation import write_bpmn, write_pnml

NOISE = 0.2
MOST_ACTIVITIES = 100  # a model of more helps nobody, and the miner's cuts get slow
MOST_VARIANTS = 1_000  # the most frequent; replay costs milliseconds a variant
LONGEST = 500  # events; prefixes of a longer one would be replayed in quadratic time
MOST_PREFIXES = 20_000  # for precision

with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):  # it prints a licence notice
    import pm4py
    from pm4py.algo.conformance.tokenreplay import algorithm as token_replay
    from pm4py.algo.discovery.inductive.dtypes.im_ds import IMDataStructureUVCL
    from pm4py.algo.discovery.inductive.variants.imf import IMFUVCL
    from pm4py.algo.evaluation.simplicity import algorithm as simplicity
    from pm4py.objects.log.obj import Event, EventLog, Trace
    from pm4py.objects.petri_net.utils.align_utils import get_visible_transitions_eventually_enabled_by_marking
    from pm4py.objects.process_tree.utils.generic import fold, tree_sort

Labels = tuple[str, ...]


@dataclass(frozen=True)
class Discovered:
    """A model with its variants judged; the net's labels become names again when it is written."""

    model: Model | None
    note: str
    variants: tuple[Variant, ...]
    tree: Any = None
    labels: tuple[tuple[str, str], ...] = ()  # label in the net, name

    def write(self, folder: Path) -> None:
        """Write model.pnml and model.bpmn; the same model gives the same bytes."""
        if self.tree is None:
            return
        names = dict(self.labels)
        net, start, end = pm4py.convert_to_petri_net(self.tree)
        write_pnml(net, start, end, names, folder / "model.pnml")
        write_bpmn(self.tree, names, folder / "model.bpmn")


def discover(variants: Sequence[Variant]) -> Discovered:
    """The model that the inductive miner (infrequent variant, noise 0.2) finds, and how each variant runs in it.

    Fitness is the log fitness of token-based replay (Berti & van der Aalst 2019), precision ETConformance by token replay
    (Munoz-Gama & Carmona 2010), simplicity the inverse arc degree; all equal what pm4py says of the same log.
    Open cases are left out of the discovery: their end is not an end.
    """
    names = sorted({name for variant in variants for name in variant.activities})
    tried = [v for v in variants if v.cases > v.open and len(v.activities) <= LONGEST][:MOST_VARIANTS]
    if not tried:
        return Discovered(None, "No finished case to learn a model from.", tuple(variants))
    if len(names) > MOST_ACTIVITIES:
        note = f"No model: {len(names):,} different activities; a model is made of {MOST_ACTIVITIES} at most."
        return Discovered(None, note, tuple(variants))
    labels = _labels(names)
    log = {tuple(labels[name] for name in v.activities): v.cases - v.open for v in tried}
    tree = _inductive_miner(Counter(log))
    net, start, end = pm4py.convert_to_petri_net(tree)
    replayed = _replay(list(log), net, start, end)
    fits = {v.activities: result["trace_fitness"] for v, result in zip(tried, replayed, strict=True)}
    model = Model(
        miner=f"inductive miner, noise {NOISE}",
        places=len(net.places),
        transitions=len(net.transitions),
        arcs=len(net.arcs),
        fitness=_log_fitness(replayed, list(log.values())),
        precision=_precision(log, net, start, end),
        simplicity=simplicity.apply(net),
        conforming_cases=sum(n for n, result in zip(log.values(), replayed, strict=True) if result["trace_is_fit"]),
        cases=sum(log.values()),
        variants=len(log),
    )
    judged = tuple(replace(v, fitness=fits.get(v.activities)) for v in variants)
    return Discovered(
        model, _left_out(variants, tried), judged, tree, tuple((label, name) for name, label in labels.items())
    )


def _labels(names: Sequence[str]) -> dict[str, str]:
    """A label without commas for each name; equal to the name where that has none."""
    labels: dict[str, str] = {}
    for name in sorted(names, key=lambda name: ("," in name, name)):
        label = name.replace(",", ";")
        while label in labels.values():
            label += "\N{PRIME}"
        labels[name] = label
    return labels


def _inductive_miner(log: Counter[Labels]) -> Any:
    """pm4py's own entry refuses counted variants (it compares a type with a typing alias), so its parts are called."""
    settings = {"noise_threshold": NOISE}
    tree = fold(IMFUVCL(settings).apply(IMDataStructureUVCL(log), settings))
    tree_sort(tree)
    return tree


def _left_out(variants: Sequence[Variant], tried: Sequence[Variant]) -> str:
    finished = [v for v in variants if v.cases > v.open]
    if len(finished) == len(tried):
        return ""
    cases = sum(v.cases - v.open for v in finished)
    share = sum(v.cases - v.open for v in tried) / cases
    return (
        f"Made from the {len(tried):,} most frequent of {len(finished):,} variants ({share:.0%} of the finished cases)."
    )


def _replay(traces: Sequence[Labels], net: Any, start: Any, end: Any, **parameters: Any) -> list[dict[str, Any]]:
    log = EventLog([Trace([Event({"concept:name": label}) for label in trace]) for trace in traces])
    settings = {"consider_remaining_in_fitness": True, "show_progress_bar": False, **parameters}
    results: list[dict[str, Any]] = token_replay.apply(log, net, start, end, parameters=settings)
    return results


def _log_fitness(replayed: Sequence[dict[str, Any]], weights: Sequence[int]) -> float | None:
    missing, consumed, remaining, produced = (
        sum(result[f"{kind}_tokens"] * weight for result, weight in zip(replayed, weights, strict=True))
        for kind in ("missing", "consumed", "remaining", "produced")
    )
    return None if not consumed or not produced else 0.5 * (1 - missing / consumed) + 0.5 * (1 - remaining / produced)


def _precision(log: dict[Labels, int], net: Any, start: Any, end: Any) -> float | None:
    """1 - escaping edges / edges the model allows, over the prefixes of the log, each as often as it occurs."""
    followers: dict[Labels, set[str]] = {}
    times: Counter[Labels] = Counter()
    for trace, cases in log.items():
        for length in range(1, len(trace)):
            followers.setdefault(trace[:length], set()).add(trace[length])
            times[trace[:length]] += cases
    if len(followers) > MOST_PREFIXES:
        return None
    first = _allowed_first(net, start)
    total = sum(log.values())
    allowed, escaping = total * len(first), total * len(first - {trace[0] for trace in log})
    prefixes = list(followers)
    quick = {"consider_remaining_in_fitness": False, "try_to_reach_final_marking_through_hidden": False}
    unfit = {"stop_immediately_unfit": True, "walk_through_hidden_trans": True}
    for prefix, result in zip(prefixes, _replay(prefixes, net, start, end, **quick, **unfit), strict=True):
        if result["trace_is_fit"]:
            enabled = {t.label for t in result["enabled_transitions_in_marking"] if t.label is not None}
            allowed += len(enabled) * times[prefix]
            escaping += len(enabled - followers[prefix]) * times[prefix]
    return 1 - escaping / allowed if allowed else 1.0


def _allowed_first(net: Any, start: Any) -> set[str]:
    """Labels that can come first: visible transitions, silent ones passed through."""
    return {t.label for t in get_visible_transitions_eventually_enabled_by_marking(net, start)}
