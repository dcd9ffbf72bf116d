"""Nights played forward: what each would have told, knowing only its past.

A process has one incident at a time, or two where the second is no echo of the first. It opens when a series is unusual by its
own history, and what it means is large enough; it is told anew every night until it is over. The days of an incident are kept
out of what is taken for usual, until it turns out to have been a slow spell like others: else each of them would make the next
one look the more unusual.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np

from mining.drivers import explain
from mining.exposure import Exposure
from mining.findings import Alert, Improvement, Turn, Verdict
from mining.regressions.echoes import is_echo
from mining.regressions.evidence import Reason
from mining.regressions.finding import RECENT_NIGHTS, Found, seen_again, unusual
from mining.regressions.improvements import Improvements
from mining.regressions.scores import ALARM, WINDOWS, alarm_from
from mining.regressions.series import SPAN, Kind, Matter, Series, Watched, how_many

AT_ONCE = 2  # incidents of one process: of a third, nobody knows what it comes of
QUIET = 1.0  # standard errors: below, nothing is unusual any more
QUIET_NIGHTS = 7  # so many such nights end an incident
MERGE_NIGHTS = 14  # an incident that comes back within so many nights is the same one
LONGEST = 56  # nights; by then a change that stays is what is usual
SURELY = 1.5  # standard errors above the alarm: what was never so unusual, and passes, may have been chance

VERDICTS = {
    Kind.TURN: Verdict.MORE_REWORK,
    Kind.MIX: Verdict.MIX_SHIFT,
    Kind.STANDSTILL: Verdict.ABSENCE,
    Reason.WORK: Verdict.SLOWER_STEP,
    Reason.PEOPLE: Verdict.SLOWER_STEP,
    Reason.LASTING: Verdict.SLOWER_STEP,
    Reason.INFLOW: Verdict.CONGESTION,
    Reason.NOTHING: Verdict.CONGESTION,
}


@dataclass
class _Incident:
    alert: str
    found: Found
    since: int
    opened: int
    highest: float  # score
    quiet: int = 0
    closed: int | None = None
    usual: bool = False  # it has lasted so long that it is what is usual


@dataclass(frozen=True)
class Told:
    """What one night says about change."""

    alerts: tuple[Alert, ...] = ()
    improvements: tuple[Improvement, ...] = ()


def play(
    exposure: Exposure, nights: range, process: str = "", wall: Exposure | None = None, false_per_year: float = 1.0
) -> tuple[tuple[Alert, ...], ...]:
    """The alerts of `nights_played`."""
    return tuple(told.alerts for told in nights_played(exposure, nights, process, wall, false_per_year))


def nights_played(
    exposure: Exposure, nights: range, process: str = "", wall: Exposure | None = None, false_per_year: float = 1.0
) -> tuple[Told, ...]:
    """What each of the nights would have told; `nights` are numbers of rows of `exposure`.

    Earlier nights are always played too, so that a night tells the same whichever range it is in. `wall`: the same rows lived
    by the wall clock, for seconds that people know. `false_per_year`: how many alerts by chance are put up with.
    """
    machine = Nights(
        Watched(exposure, wall), process, alarm_from(false_per_year, how_many(exposure)), tell_from=nights.start
    )
    told = [machine.play(night) for night in range(min(nights.stop, exposure.days))]
    return tuple(told[night] if night < len(told) else Told() for night in nights)


@dataclass
class Nights:
    """Played in order, from the first; what is open, and what is over, goes on from night to night."""

    watched: Watched
    process: str
    alarm: float = ALARM
    tell_from: int = 0  # earlier ones are played, but need no words
    open: list[_Incident] = field(default_factory=list, init=False)
    former: list[_Incident] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.improvements = Improvements(self.watched, self.alarm)

    def play(self, night: int) -> Told:
        """One night; all earlier ones have been played."""
        matter = self.watched.advance(night)
        if matter is None:
            return Told()
        alerts = self._alerts(night, matter)
        lately = any(night - (one.closed or 0) <= MERGE_NIGHTS for one in self.former)
        self.improvements.play(night, matter, undisturbed=not self.open and not lately)
        return Told(alerts, self.improvements.told(night) if night >= self.tell_from else ())

    def _alerts(self, night: int, matter: Matter) -> tuple[Alert, ...]:
        told = [alert for incident in tuple(self.open) for alert in self._follow(night, incident)]
        over = any(incident.closed == night for incident in self.former)
        if not over and len(self.open) < AT_ONCE:
            told += self._watch(night, matter)
        return tuple(told)

    def _watch(self, night: int, matter: Matter) -> tuple[Alert, ...]:
        """What begins: the most unusual that is no echo of what is told already."""
        found = next(
            (one for one in unusual(self.watched, night, matter, self.alarm) if self._is_new(night, one)), None
        )
        if found is None:
            return ()
        former = next((one for one in self.former if self._came_back(night, one, found)), None)
        incident = (
            _Incident(former.alert, found, former.since, night, found.score)
            if former
            else _Incident(self._id(night, found.series), found, found.since, night, found.score)
        )
        self.open.append(incident)
        self._set_aside(incident.since, night)
        return self._tell(night, incident, Turn.OPENED, found.score)

    def _is_new(self, night: int, found: Found) -> bool:
        """Whether it is no echo of what is open, and has not become usual since the days that it is compared with."""
        base, recent = self.watched.base(night), np.arange(night + 1 - SPAN, night + 1)
        exposure = self.watched.exposure
        if any(one.usual and one.found.series == found.series and one.since > base.min() for one in self.former):
            return False
        return not any(is_echo(exposure, base, recent, one.found, found, self.alarm) for one in self.open)

    def _came_back(self, night: int, former: _Incident, found: Found) -> bool:
        recently = former.closed is not None and night - former.closed <= MERGE_NIGHTS
        return recently and not former.usual and former.found.series == found.series

    def _follow(self, night: int, incident: _Incident) -> tuple[Alert, ...]:
        self._set_aside(night, night)
        self._see_again(night, incident)
        score = incident.found.score_on(self.watched, night, WINDOWS[:2])
        incident.highest = max(incident.highest, score)
        incident.quiet = incident.quiet + 1 if score < QUIET else 0
        incident.usual = night - incident.opened >= LONGEST
        over = incident.quiet >= QUIET_NIGHTS
        if not over and not incident.usual:
            return self._tell(night, incident, Turn.UPDATED, score)
        incident.usual &= not over
        told = self._tell(night, incident, Turn.RESOLVED, score)
        incident.closed = night
        self.open.remove(incident)
        self.former.append(incident)
        if incident.usual:
            self.watched.become_usual(night, min((one.since for one in self.open), default=None))
        elif not self._is_sure(incident):
            self._take_back(incident)
        return told

    def _is_sure(self, incident: _Incident) -> bool:
        return incident.highest >= self.alarm + SURELY

    def _take_back(self, incident: _Incident) -> None:
        """The days of a slow spell that has passed are days like others, but for those of another incident."""
        last = incident.closed or incident.opened
        mine = np.arange(incident.since, last + 1)
        for other in (*self.open, *filter(self._is_sure, self.former)):
            mine = mine[(mine < other.since) | (mine > (other.closed or last))]
        for days in (self.watched.left_out, self.watched.unlike):
            days[mine] = False

    def _see_again(self, night: int, incident: _Incident) -> None:
        """Its reason may show only now, and its own day with it."""
        found = seen_again(self.watched, night, incident.found, incident.since)
        if found is not incident.found:
            incident.found, incident.since = found, found.since

    def _set_aside(self, first: int, last: int) -> None:
        for days in (self.watched.left_out, self.watched.unlike):
            days[first : last + 1] = True

    def _id(self, night: int, series: Series) -> str:
        exposure = self.watched.exposure
        names = {
            Kind.STEP: lambda: exposure.names[series.number],
            Kind.TURN: lambda: "\n".join(exposure.names[code] for code in exposure.flows[series.number]),
        }
        about = names[series.kind]() if series.kind in names else ""
        text = f"{self.process}\n{exposure.day(night)}\n{series.kind.name}\n{about}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _tell(self, night: int, incident: _Incident, turn: Turn, score: float) -> tuple[Alert, ...]:
        if night < self.tell_from:
            return ()
        exposure, why = self.watched.exposure, incident.found.cause
        first = max(min(incident.since, night + 1 - WINDOWS[0]), night + 1 - RECENT_NIGHTS)
        said = explain(
            exposure,
            self.watched.base(night),
            np.arange(first, night + 1),
            self.watched.wall,
            why.step if why else None,
            VERDICTS.get(why.reason if why else incident.found.series.kind),
            segment=incident.found.work.segment if incident.found.work else None,
        )
        return (
            Alert(
                process=self.process,
                alert=incident.alert,
                event=turn,
                night=exposure.day(night).isoformat(),
                verdict=said.verdict,
                step=said.step,
                after=said.after,
                segment=said.segment,
                since=exposure.day(incident.since).isoformat(),
                change=said.change,
                interval=said.interval,
                share_of_cycle_time=said.share,
                score=min(score, 99.0),
                decomposition=said.decomposition,
            ),
        )
