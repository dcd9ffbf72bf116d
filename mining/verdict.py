"""The first sentence of the page: the number, how it changed, and the main cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from mining.findings import Alert, Changed
from mining.morning_findings import Delta, Headline, Phase, Recent, Tone, Trend

if TYPE_CHECKING:
    from mining.lifetimes import Lifetimes

NEWS: Final = timedelta(weeks=8)  # for so long a new phase is told first
ALIKE: Final = 0.25  # two times that differ by less can be called the same


def headline(
    night: date, recent: Recent | None, trend: Trend | None, open_alerts: Sequence[Alert], changed: Changed | None
) -> Headline | None:
    """What to say; None where nothing can be compared.

    It is slower or faster only if the last four weeks differ from the 12 before more than by chance and by a quarter, or if a
    phase began at most eight weeks ago and the last four weeks do not speak against it. The cause is the worst open alert, else
    the change with the largest effect.
    """
    typical = recent.typical_s if recent else None
    found = _of_phases(night, trend.phases if trend else (), typical) or _of_weeks(typical)
    if found is None:
        return None
    after, step = cause(found.tone, open_alerts, changed)
    return replace(found, after=after, step=step)


def silence(since: date, lives: Lifetimes) -> Headline | None:
    """What to say where the data end before the night does; None where no case has finished."""
    typical_s = lives.quantile_s(0.5)
    return None if typical_s is None else Headline(Tone.ENDED, typical_s, since=since.isoformat())


def _of_phases(night: date, phases: Sequence[Phase], typical: Delta | None) -> Headline | None:
    """The newest phase, where it is news and not over again: then the last weeks would be nearer to the phase before."""
    if len(phases) < 2 or night - date.fromisoformat(phases[-1].first) > NEWS:
        return None
    old, new = phases[-2].typical_s, phases[-1].typical_s
    if typical is not None and (typical.now**2 < old * new) == (new > old):
        return None
    return Headline(Tone.SLOWER if new > old else Tone.FASTER, new, old, phases[-1].first)


def _of_weeks(typical: Delta | None) -> Headline | None:
    if typical is None:
        return None
    if not typical.changed:
        alike = abs(typical.now - typical.before) <= ALIKE * typical.before
        return Headline(Tone.STEADY, typical.now, None if alike else typical.before)
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
