"""What is unusual in a night, and large enough to be told, with the reason for it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mining.comparison import BASE, RECENT, Comparison
from mining.exposure import Exposure
from mining.regressions.evidence import Cause, Reason, cause
from mining.regressions.expected import WEEK, Ints
from mining.regressions.series import SPAN, Kind, Matter, Series, Watched
from mining.regressions.work import CLEAR, SURE, SlowerWork, score_of_work, slower_work, work_began
from mining.segments import strata_in

EFFECT = 0.10  # a step's sojourn must have grown by
LEAST_NIGHTS = 4  # of an incident, are asked for its cause
RECENT_NIGHTS = 28  # at most, of an incident, are explained
IMPACT = 0.015  # of the mean cycle time, that a change adds
LEAST_CASES = 30  # in the nights of a span: of fewer, nobody knows which kinds come
LARGE = 0.25  # a wait that has no cause but chance, or more cases, is told from here on
STAYS = 21  # nights, or once it has lasted so long: queues by chance are gone by then


@dataclass(frozen=True)
class Found:
    """What is unusual in a night, and matters."""

    series: Series
    score: float
    since: int
    cause: Cause | None = None  # of a step
    work: SlowerWork | None = None  # of a step that was found by its work

    def score_on(self, watched: Watched, night: int, windows: tuple[int, ...]) -> float:
        """How unusual it is in a later night."""
        score = watched.score(night, self.series, windows)
        if self.work is None:
            return score
        return max(score, score_of_work(watched.exposure, watched.base(night), night, self.work))


def unusual(watched: Watched, night: int, matter: Matter, alarm: float) -> list[Found]:
    """What is unusual by its own history, and matters; the most unusual first."""
    if watched.stands_still(night):
        standstill = Series(Kind.STANDSTILL)
        return [Found(standstill, alarm, watched.began(night, standstill))]
    found = [*_slower_steps(watched, night, matter, alarm), *_others(watched, night, matter, alarm)]
    return sorted(found, key=lambda one: -one.score)


def seen_again(watched: Watched, night: int, found: Found, since: int) -> Found:
    """The same, with the reason that shows only now: a queue grows before anyone can be sure that the work takes longer.

    As it is asked every night, the reason must be as clear as that of work which is looked at every night. `since`: the day on
    which the incident began.
    """
    if found.cause is None or found.cause.reason not in (Reason.INFLOW, Reason.NOTHING):
        return found
    now = _why(watched, night, found.series.number, max(since, night + 1 - RECENT_NIGHTS), CLEAR)
    if now.reason is Reason.WORK:
        began = work_began(watched.exposure, watched.base(night), night, SlowerWork(now.step, 0.0))
        return replace(found, cause=now, since=max(since, began))
    return replace(found, cause=now, since=since) if now.reason is Reason.PEOPLE else found


def _others(watched: Watched, night: int, matter: Matter, alarm: float) -> list[Found]:
    """Turns taken more often, and other cases."""
    series = [Series(Kind.TURN, int(flow)) for flow in np.flatnonzero(matter.turn >= IMPACT)]
    enough = watched.came(night) >= LEAST_CASES
    series += [Series(Kind.MIX)] if enough and matter.mix >= IMPACT else []
    scored = [(watched.score(night, one), one) for one in series]
    return [Found(one, score, watched.began(night, one)) for score, one in scored if score >= alarm]


def _slower_steps(watched: Watched, night: int, matter: Matter, alarm: float) -> list[Found]:
    late = {int(step): watched.score(night, Series(Kind.STEP, int(step))) for step in _late(watched, night, alarm)}
    late = {step: score for step, score in late.items() if score >= alarm}
    working = slower_work(watched.exposure, watched.base(night), night)
    slower = matter.slower(IMPACT, EFFECT)
    if not slower[[*late, *working]].all():  # what is sudden would be thinned by older days
        slower |= watched.matter(night, WEEK).slower(IMPACT, EFFECT)
    by_work = (work for work in working.values() if slower[work.step] or _matters_there(watched, night, work))
    best = {work.step: _by_work(watched, night, work) for work in by_work}
    for step, score in late.items():
        waits = _believed(watched, night, step, score, matter, alarm) if slower[step] else None
        if waits and step in best:
            best[step] = replace(best[step], score=max(score, best[step].score), cause=waits.cause)
        elif waits:
            best[step] = waits
    return list(best.values())


def _late(watched: Watched, night: int, alarm: float) -> Ints:
    """Steps that come late by chance alone; by their own history, they may not."""
    return np.flatnonzero(watched.highest(night, Kind.STEP) >= alarm)


def _believed(watched: Watched, night: int, step: int, score: float, matter: Matter, alarm: float) -> Found | None:
    """A step that comes late, with its cause, unless it is not to be told: queues grow by chance, too."""
    series = Series(Kind.STEP, step)
    since = watched.began(night, series)
    if watched.matter(night, min(max(night + 1 - since, WEEK), RECENT_NIGHTS)).effect[step] < EFFECT / 2:
        return None  # what would be told of these days is no slow-down
    found = _why(watched, night, step, since, SURE)
    if found.reason in (Reason.UNKNOWN, Reason.WORK, Reason.PEOPLE) or matter.step[step] >= LARGE:
        return Found(series, score, since, found)
    stays = night - since >= STAYS and watched.score(night, series, (WEEK,)) >= alarm
    if not stays or found.reason is not Reason.NOTHING:
        return None
    lasting = Reason.LASTING if _waits_alone(watched.exposure, matter, step) else Reason.NOTHING
    return Found(series, score, since, Cause(lasting, step))


def _why(watched: Watched, night: int, step: int, since: int, sure: float) -> Cause:
    recent = np.arange(min(since, night + 1 - LEAST_NIGHTS), night + 1)
    return cause(watched.exposure, watched.base(night), recent, step, sure)


def _waits_alone(exposure: Exposure, matter: Matter, step: int) -> bool:
    """Whether other steps of the same people wait no longer: then it is no queue of all that they do."""
    mates = [mate for mate, pool in enumerate(exposure.pool) if pool == exposure.pool[step] and mate != step]
    return bool(mates) and float(matter.effect[mates].max()) < matter.effect[step] / 3


def _by_work(watched: Watched, night: int, work: SlowerWork) -> Found:
    since = work_began(watched.exposure, watched.base(night), night, work)
    return Found(Series(Kind.STEP, work.step), work.score, since, Cause(Reason.WORK, work.step), work)


def _matters_there(watched: Watched, night: int, work: SlowerWork) -> bool:
    """Whether the slower step matters to the cases of the segment in which its work takes longer."""
    inside = strata_in(watched.exposure.strata, work.segment)
    recent = np.arange(night + 1 - SPAN, night + 1)
    seen = Comparison(watched.exposure, watched.base(night), recent, watched.wall, noise=False)
    flows = seen.counts.next == work.step
    share, estimate = seen.estimate.mix[:, inside, None], seen.estimate
    often = (share * estimate.visits[:, inside])[:, :, flows]
    before = float(((often[BASE] + often[RECENT]) / 2 * estimate.sojourn[BASE][inside][:, flows]).sum())
    added = float(seen.split.duration[RECENT][inside][:, flows].sum())
    of_all = float((estimate.mix[BASE] * estimate.by_stratum[BASE])[inside].sum())
    return added >= IMPACT * of_all and added >= EFFECT * before
