"""The first sentence of the page: the number, how it changed, and the main cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from mining.findings import Alert, Changed
from mining.morning_findings import Delta, Headline, Phase, Recent, Tone, Trend

NEWS: Final = timedelta(weeks=8)  # for so long a new phase is told first


def headline(
    night: date, recent: Recent | None, trend: Trend | None, open_alerts: Sequence[Alert], changed: Changed | None
) -> Headline | None:
    """What to say; None where nothing can be compared.

    It is slower or faster only if the last four weeks differ from the 12 before more than by chance and by a quarter, or if a
    phase began at most eight weeks ago. The cause is the worst open alert, else the change with the largest effect.
    """
    typical = recent.typical_s if recent else None
    found = _of_phases(night, trend.phases if trend else ()) or _of_weeks(typical)
    if found is None:
        return None
    after, step = cause(found.tone, open_alerts, changed)
    return replace(found, after=after, step=step)


def _of_phases(night: date, phases: Sequence[Phase]) -> Headline | None:
    if len(phases) < 2 or night - date.fromisoformat(phases[-1].first) > NEWS:
        return None
    old, new = phases[-2].typical_s, phases[-1].typical_s
    return Headline(Tone.SLOWER if new > old else Tone.FASTER, new, old, phases[-1].first)


def _of_weeks(typical: Delta | None) -> Headline | None:
    if typical is None:
        return None
    if not typical.changed:
        return Headline(Tone.STEADY, typical.now)
    return Headline(Tone.SLOWER if typical.now > typical.before else Tone.FASTER, typical.now, typical.before)


def cause(tone: Tone, open_alerts: Sequence[Alert], changed: Changed | None) -> tuple[str | None, str | None]:
    """Of a change for the worse; nothing is claimed to have caused one for the better, or steadiness."""
    if tone is not Tone.SLOWER:
        return None, None
    told = [alert for alert in open_alerts if alert.step and alert.change > 0]
    if told:
        worst = max(told, key=lambda alert: (alert.share_of_cycle_time, alert.alert))
        return worst.after, worst.step
    slower = [path for path in (changed.paths if changed else ()) if path.slower and path.impact_s > 0]
    if slower:
        worst_path = max(slower, key=lambda path: (path.impact_s, path.source, path.target))
        return worst_path.source, worst_path.target
    return None, None
