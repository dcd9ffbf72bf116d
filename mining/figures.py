"""The numbers behind the pictures and lists of the page's upper part, as tables to download."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from mining.morning_findings import Curves, Morning, Spectrum, Trend, Workload

Rows = list[dict[str, Any]]


def figure_rows(morning: Morning) -> dict[str, Rows]:
    """Name of the file without its ending -> rows; what there is nothing of is left out. Times in seconds."""
    workload = morning.workload
    found = {
        "trend": _trend(morning.trend) if morning.trend else [],
        "cohorts": _cohorts(morning.curves) if morning.curves else [],
        "workload": _workload(workload) if workload else [],
        "handovers": [asdict(pair) for pair in workload.hand_overs] if workload else [],
        "spectrum": _spectrum(morning.spectrum) if morning.spectrum else [],
        "open-cases": [asdict(case) for case in morning.open_cases],
    }
    return {name: rows for name, rows in found.items() if rows}


def _trend(trend: Trend) -> Rows:
    """One row per week, with the phase that it lies in."""
    rows = []
    for week in trend.weeks:
        phase = next((p for p in trend.phases if p.first <= week.first <= p.last), None)
        limits = {
            "phase_typical_s": phase and phase.typical_s,
            "low_s": phase and phase.low_s,
            "high_s": phase and phase.high_s,
        }
        rows.append({**asdict(week), "days": trend.days, **limits})
    return rows


def _cohorts(curves: Curves) -> Rows:
    return [
        {"month": curve.month, "cases": curve.cases, "age_s": age, "share_finished": share}
        for curve in curves.months
        for age, share in zip(curve.ages_s, curve.shares, strict=True)
    ]


def _workload(workload: Workload) -> Rows:
    loads = [*workload.loads, *((workload.others,) if workload.others else ())]
    return [
        {"resource": load.resource or "others", "week": week, "steps": steps}
        for load in loads
        for week, steps in zip(workload.weeks, load.steps, strict=True)
    ]


def _spectrum(spectrum: Spectrum) -> Rows:
    return [{"after": spectrum.after, "step": spectrum.step, **asdict(passage)} for passage in spectrum.passages]
