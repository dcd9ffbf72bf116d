"""All that the upper part of the page shows, of one night."""

from __future__ import annotations

from collections.abc import Sequence

from mining.curves import curves
from mining.data_end import data_end
from mining.findings import Bottleneck, Changed, Watch
from mining.lifetimes import Lifetimes
from mining.morning_findings import Morning
from mining.open_cases import open_cases
from mining.process import Process
from mining.recent import recent
from mining.spectrum import spectrum
from mining.store import Tables
from mining.trend import trend
from mining.verdict import headline, silence
from mining.workload import workload


def morning(
    tables: Tables, process: Process, bottlenecks: Sequence[Bottleneck], changed: Changed | None, watch: Watch | None
) -> Morning:
    """Measure it; the cases are read once for all."""
    lives = Lifetimes.of(tables, process)
    target_s = process.targets[0].at_most.total_seconds() if process.targets else None
    ends_declared = bool(process.final_activities)
    ended = data_end(lives.began_us, lives.night_end)
    lately = None if ended else recent(lives, target_s, ends_declared=ends_declared)
    course = trend(lives, ends_declared=ends_declared, until=ended)
    alerts = watch.open if watch else ()
    return Morning(
        headline=silence(ended, lives) if ended else headline(lives.night_end.date(), lately, course, alerts, changed),
        recent=lately,
        trend=course,
        curves=curves(lives),
        workload=workload(tables, lives),
        spectrum=spectrum(tables, lives, bottlenecks),
        open_cases=open_cases(tables, process),
    )
