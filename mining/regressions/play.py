"""Nights played forward: what each would have told, knowing only its past.

One incident at a time for a process. It opens when a series is unusual by its own history, and what it means is large enough;
it is told anew every night until it is over. The days of an incident are kept out of what is taken for usual.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from mining.comparison import BASE, RECENT, Comparison
from mining.drivers import Explanation, explain
from mining.exposure import Exposure
from mining.findings import Alert, Turn, Verdict
from mining.regressions.evidence import Cause, Reason, cause
from mining.regressions.expected import WEEK, Pace, base_days
from mining.regressions.scores import ALARM, WINDOWS, raw, spread

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

EFFECT = 0.10  # a step's sojourn must have grown by
IMPACT = 0.02  # of the mean cycle time, that it adds
SPAN = 14  # nights over which effect and impact are measured
QUIET = 1.0  # standard errors: below, nothing is unusual any more
QUIET_NIGHTS = 7  # so many such nights end an incident
MERGE_NIGHTS = 14  # an incident that comes back within so many nights is the same one
LARGE = 0.20  # of the mean cycle time: a wait without a cause is told from then on
STAYS = 21  # nights, or once it has lasted so long: queues by chance are gone by then
LONGEST = 56  # nights; by then a change that stays is what is usual
LOOK_BACK = 42  # days, for the day on which it began
TURNS, MIX = -1, -2  # series that are no step's: turns that cases take, and what kind of cases come


@dataclass(frozen=True)
class Unusual:
    """A series that is unusual in a night."""

    series: int  # code of the step that comes late, `TURNS` or `MIX`
    score: float
    impact: float  # of the mean cycle time
    cause: Cause | None = None


@dataclass
class _Incident:
    alert: str
    series: int
    since: int
    opened: int
    cause: Cause | None = None
    quiet: int = 0
    closed: int | None = None
    last: Alert | None = None


def play(
    exposure: Exposure, nights: range, process: str = "", wall: Exposure | None = None
) -> tuple[tuple[Alert, ...], ...]:
    """What each of the nights would have told: one tuple of alerts for each of `nights`, which number rows of `exposure`.

    Earlier nights are always played too, so that a night tells the same whichever range it is in. `wall`: the same rows lived
    by the wall clock, for seconds that people know.
    """
    machine = _Machine(exposure, wall, process)
    told = [machine.play(night) for night in range(min(nights.stop, exposure.days))]
    return tuple(told[night] if night < len(told) else () for night in nights)


@dataclass
class _Machine:
    exposure: Exposure
    wall: Exposure | None
    process: str
    incident: _Incident | None = None
    former: _Incident | None = None
    pace: Pace | None = None
    scores: dict[int, Floats] = field(default_factory=dict)  # by window: [night, series]

    def __post_init__(self) -> None:
        days, steps = self.exposure.days, len(self.exposure.names)
        self.into = np.array(
            [[following == step for step in range(steps)] for _, following in self.exposure.flows], float
        )
        self.exits = self.exposure.flow_exits.sum(axis=(1, 3)) @ self.into
        self.expected = np.full((days, steps), np.nan)
        self.scores = {window: np.full((days, steps), np.nan) for window in WINDOWS}
        self.shifts = np.full((days, 2), np.nan)  # turns, mix: what they add to the mean cycle time
        self.left_out = np.zeros(days, bool)  # of the base: days of an incident
        self.unlike = np.zeros(days, bool)  # of the history of scores: the same, for good

    def play(self, night: int) -> tuple[Alert, ...]:
        """One night; all earlier ones have been played."""
        if night % WEEK == 0 or self.pace is None:
            self._refit(night)
        if self.pace is None:
            return ()
        self._expect(night)
        for window, scores in self.scores.items():
            scores[night] = raw(self.exits, self.expected, night, window)
        seen = self._seen(night, SPAN)
        if seen is None:
            return ()
        self.shifts[night] = [seen.split.totals[RECENT, part] / seen.estimate.mean[BASE] for part in (1, 0)]
        return self._turn(night, seen)

    def _refit(self, night: int) -> None:
        days = base_days(night, self.left_out)
        self.pace = Pace.of(self.exposure, days) if len(days) else None

    def _expect(self, night: int) -> None:
        if self.pace is not None:
            self.expected[night] = self.pace.expected(self.exposure, night) @ self.into

    def _become_usual(self, night: int) -> None:
        """What has stayed for eight weeks is what is usual from now on."""
        self.left_out[:] = False
        self._refit(night)
        for day in range(night + 1 - max(WINDOWS), night + 1):
            self._expect(day)

    def _seen(self, night: int, span: int) -> Comparison | None:
        base = base_days(night, self.left_out)
        return Comparison(self.exposure, base, np.arange(night + 1 - span, night + 1), self.wall) if len(base) else None

    def _turn(self, night: int, seen: Comparison) -> tuple[Alert, ...]:
        if self.incident is None:
            return self._watch(night, seen)
        return self._follow(night, self.incident)

    def _watch(self, night: int, seen: Comparison) -> tuple[Alert, ...]:
        found = self._unusual(night, seen)
        if found is None:
            return ()
        former = self.former
        if (
            former
            and former.closed is not None
            and night - former.closed <= MERGE_NIGHTS
            and former.series == found.series
        ):
            self.incident = _Incident(former.alert, found.series, former.since, former.opened, found.cause)
        else:
            since = self._began(night, found.series)
            self.incident = _Incident(self._id(night, found.series), found.series, since, night, found.cause)
        for days in (self.left_out, self.unlike):
            days[self.incident.since : night + 1] = True
        return self._tell(night, self.incident, Turn.OPENED, found.score)

    def _follow(self, night: int, incident: _Incident) -> tuple[Alert, ...]:
        self.left_out[night] = self.unlike[night] = True
        score = self._score(night, incident.series, windows=WINDOWS[:2])
        incident.quiet = incident.quiet + 1 if score < QUIET else 0
        if incident.quiet >= QUIET_NIGHTS or night - incident.opened >= LONGEST:
            return self._end(night, incident, score)
        return self._tell(night, incident, Turn.UPDATED, score)

    def _end(self, night: int, incident: _Incident, score: float) -> tuple[Alert, ...]:
        told = self._tell(night, incident, Turn.RESOLVED, score)
        self.incident, incident.closed = None, night
        if incident.quiet >= QUIET_NIGHTS:
            self.former = incident
        else:
            self._become_usual(night)
        return told

    def _unusual(self, night: int, seen: Comparison) -> Unusual | None:
        """The series that is most unusual, of those that matter."""
        impact, effect = _impacts(seen)
        found = []
        for step in np.flatnonzero((impact >= IMPACT) & (effect >= EFFECT)):
            score = self._score(night, int(step))
            if score >= ALARM and (believed := self._believed(night, int(step), float(impact[step]))):
                found.append(Unusual(int(step), score, float(impact[step]), believed))
        for series, shift in zip((TURNS, MIX), self.shifts[night], strict=True):
            if shift >= IMPACT and (score := self._score(night, series)) >= ALARM:
                found.append(Unusual(series, score, float(shift)))
        return max(found, key=lambda one: (one.score, one.series), default=None)

    def _believed(self, night: int, step: int, impact: float) -> Cause | None:
        """Why the step makes cases wait, if that is to be told."""
        since = self._began(night, step)
        recent = np.arange(min(since, night + 1 - WEEK), night + 1)
        found = cause(self.exposure, base_days(night, self.left_out), recent, step)
        stays = night - since >= STAYS and found.reason is Reason.NOTHING
        told = found.reason in (Reason.UNKNOWN, Reason.WORK, Reason.PEOPLE) or impact >= LARGE or stays
        return found if told else None

    def _score(self, night: int, series: int, windows: tuple[int, ...] = WINDOWS) -> float:
        """In standard errors by the series' own history; the most unusual window counts."""
        if series < 0:
            column = self.shifts[:, [0 if series == TURNS else 1]]
            own = spread(column[: night + 1], self.unlike[: night + 1], SPAN, 0.0)[0]
            return float(column[night, 0] / own) if own > 0 else 0.0
        found = []
        for window in windows:
            past = self.scores[window][: night + 1, [step := series]]
            own = spread(past, self.unlike[: night + 1], window, 1.0)[0]
            found.append(float(self.scores[window][night, step] / own))
        return float(np.nanmax([0.0, *found]))

    def _began(self, night: int, series: int) -> int:
        """The day from which on a lower speed explains the exits best (the likelihood of Poisson counts)."""
        if series < 0:
            return max(night + 1 - SPAN, 0)
        days = np.arange(max(night - LOOK_BACK, 0), night + 1)
        usable = days[~np.isnan(self.expected[days, series])]
        seen, usual = (np.cumsum(array[usable, series][::-1])[::-1] for array in (self.exits, self.expected))
        usual = np.maximum(usual, 1e-9)
        gain = np.where(seen < usual, seen * np.log(np.maximum(seen, 1e-9) / usual) + usual - seen, 0.0)
        return int(usable[gain.argmax()])

    def _id(self, night: int, series: int) -> str:
        about = self.exposure.names[series] if series >= 0 else str(series)
        text = f"{self.process}\n{self.exposure.day(night)}\n{about}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _tell(self, night: int, incident: _Incident, turn: Turn, score: float) -> tuple[Alert, ...]:
        base = base_days(night, self.left_out)
        first = max(min(incident.since, night - 2), night + 1 - 28)
        recent = np.arange(first, night + 1)
        step = incident.cause.step if incident.cause else None
        found = explain(self.exposure, base, recent, self.wall, step)
        incident.last = self._alert(night, incident, turn, score, found)
        return (incident.last,)

    def _alert(self, night: int, incident: _Incident, turn: Turn, score: float, found: Explanation) -> Alert:
        verdict = {TURNS: Verdict.MORE_REWORK, MIX: Verdict.MIX_SHIFT}.get(incident.series, found.verdict)
        if incident.cause and incident.cause.reason is Reason.INFLOW:
            verdict = Verdict.CONGESTION
        return Alert(
            process=self.process,
            alert=incident.alert,
            event=turn,
            night=self.exposure.day(night).isoformat(),
            verdict=verdict,
            step=found.step,
            after=found.after,
            segment=found.segment,
            since=self.exposure.day(incident.since).isoformat(),
            change=found.change,
            interval=found.interval,
            share_of_cycle_time=found.share,
            score=score,
            decomposition=found.decomposition,
        )


def _impacts(seen: Comparison) -> tuple[Floats, Floats]:
    """By step: what longer stays before it add to the mean cycle time, and by how much they grew; both relative."""
    estimate, counts = seen.estimate, seen.counts
    into = counts.next[:, None] == np.arange(len(seen.exposure.names))
    added = seen.split.duration[RECENT].sum(axis=0) @ into
    often = estimate.mix[:, :, None] * estimate.visits
    weight = (often[BASE] + often[RECENT]) / 2
    before = (weight * estimate.sojourn[BASE]).sum(axis=0) @ into
    return added / estimate.mean[BASE], added / np.maximum(before, 1e-9)
