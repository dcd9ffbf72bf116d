"""Nights played forward: what each would have told, knowing only its past.

One incident at a time for a process. It opens when a series is unusual by its own history, and what it means is large enough;
it is told anew every night until it is over. The days of an incident are kept out of what is taken for usual.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np

from mining.drivers import explain
from mining.exposure import Exposure
from mining.findings import Alert, Turn, Verdict
from mining.regressions.evidence import Cause, Reason, cause
from mining.regressions.expected import WEEK
from mining.regressions.scores import ALARM, WINDOWS, alarm_from
from mining.regressions.series import Kind, Matter, Series, Watched

EFFECT = 0.10  # a step's sojourn must have grown by
IMPACT = 0.02  # of the mean cycle time, that a change adds
LEAST_CASES = 30  # in the nights of a span: of fewer, nobody knows which kinds come
LARGE = 0.25  # a wait that has no cause but chance, or more cases, is told from here on
STAYS = 21  # nights, or once it has lasted so long: queues by chance are gone by then
QUIET = 1.0  # standard errors: below, nothing is unusual any more
QUIET_NIGHTS = 7  # so many such nights end an incident
MERGE_NIGHTS = 14  # an incident that comes back within so many nights is the same one
LONGEST = 56  # nights; by then a change that stays is what is usual
RECENT_NIGHTS = 28  # at most, of an incident, are explained

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


@dataclass(frozen=True)
class Found:
    """What is unusual in a night, and matters."""

    series: Series
    score: float
    cause: Cause | None = None  # of a step


@dataclass
class _Incident:
    alert: str
    found: Found
    since: int
    opened: int
    quiet: int = 0
    closed: int | None = None


def play(
    exposure: Exposure, nights: range, process: str = "", wall: Exposure | None = None, false_per_year: float = 1.0
) -> tuple[tuple[Alert, ...], ...]:
    """What each of the nights would have told: one tuple of alerts for each of `nights`, which number rows of `exposure`.

    Earlier nights are always played too, so that a night tells the same whichever range it is in. `wall`: the same rows lived
    by the wall clock, for seconds that people know. `false_per_year`: how many alerts by chance are put up with.
    """
    machine = _Machine(Watched(exposure, wall), process, alarm_from(false_per_year), tell_from=nights.start)
    told = [machine.play(night) for night in range(min(nights.stop, exposure.days))]
    return tuple(told[night] if night < len(told) else () for night in nights)


@dataclass
class _Machine:
    watched: Watched
    process: str
    alarm: float = ALARM
    tell_from: int = 0  # nights before are played, but need no words
    incident: _Incident | None = field(default=None, init=False)
    former: _Incident | None = field(default=None, init=False)

    def play(self, night: int) -> tuple[Alert, ...]:
        """One night; all earlier ones have been played."""
        matter = self.watched.advance(night)
        if matter is None:
            return ()
        return self._follow(night, self.incident) if self.incident else self._watch(night, matter)

    def _watch(self, night: int, matter: Matter) -> tuple[Alert, ...]:
        found = self._unusual(night, matter)
        if found is None:
            return ()
        former = self.former
        if former and night - (former.closed or 0) <= MERGE_NIGHTS and former.found.series == found.series:
            self.incident = _Incident(former.alert, found, former.since, night)
        else:
            since = self.watched.began(night, found.series)
            self.incident = _Incident(self._id(night, found.series), found, since, night)
        self._set_aside(self.incident.since, night)
        return self._tell(night, self.incident, Turn.OPENED, found.score)

    def _follow(self, night: int, incident: _Incident) -> tuple[Alert, ...]:
        self._set_aside(night, night)
        score = self.watched.score(night, incident.found.series, WINDOWS[:2])
        incident.quiet = incident.quiet + 1 if score < QUIET else 0
        over = incident.quiet >= QUIET_NIGHTS
        if not over and night - incident.opened < LONGEST:
            return self._tell(night, incident, Turn.UPDATED, score)
        told = self._tell(night, incident, Turn.RESOLVED, score)
        self.incident, incident.closed, self.former = None, night, incident if over else None
        if not over:
            self.watched.become_usual(night)
        return told

    def _set_aside(self, first: int, last: int) -> None:
        for days in (self.watched.left_out, self.watched.unlike):
            days[first : last + 1] = True

    def _unusual(self, night: int, matter: Matter) -> Found | None:
        """What is most unusual, of what matters."""
        if self.watched.stands_still(night):
            return Found(Series(Kind.STANDSTILL), self.alarm)
        slower = matter.slower(IMPACT, EFFECT)
        late = self.watched.highest(night, Kind.STEP) >= self.alarm
        if (late & ~slower).any():  # what is sudden would be thinned by older days
            slower |= self.watched.matter(night, WEEK).slower(IMPACT, EFFECT)
        candidates = [Series(Kind.STEP, int(step)) for step in np.flatnonzero(slower & late)]
        candidates += [Series(Kind.TURN, int(flow)) for flow in np.flatnonzero(matter.turn >= IMPACT)]
        enough = self.watched.came(night) >= LEAST_CASES
        candidates += [Series(Kind.MIX)] if enough and matter.mix >= IMPACT else []
        scored = [(self.watched.score(night, series), series) for series in candidates]
        found = [self._believed(night, series, score, matter) for score, series in scored if score >= self.alarm]
        return max((one for one in found if one), key=lambda one: one.score, default=None)

    def _believed(self, night: int, series: Series, score: float, matter: Matter) -> Found | None:
        """The series with its cause, unless it is not to be told: queues grow by chance, too."""
        if series.kind is not Kind.STEP:
            return Found(series, score)
        since = self.watched.began(night, series)
        recent = np.arange(min(since, night + 1 - WEEK), night + 1)
        found = cause(self.watched.exposure, self.watched.base(night), recent, series.number)
        if found.reason in (Reason.UNKNOWN, Reason.WORK, Reason.PEOPLE) or matter.step[series.number] >= LARGE:
            return Found(series, score, found)
        stays = night - since >= STAYS and self.watched.score(night, series, (WEEK,)) >= self.alarm
        lasting = Cause(Reason.LASTING, series.number)
        return Found(series, score, lasting) if stays and found.reason is Reason.NOTHING else None

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
