"""Why the mean cycle time changed: other cases, more visits to a step, or longer ones; which step, and which segment.

Exact: the parts of all steps and segments add up to the change. Of the pace of two periods, so that open cases count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mining.comparison import BASE, RECENT, Comparison
from mining.exposure import Exposure
from mining.findings import Decomposition, Interval, Verdict
from mining.load import Load, load_of
from mining.segments import main_segment, slower_segment, strata_in
from mining.semi_markov import Floats, Ints
from mining.shapley import turns

SURE = 2.0  # standard errors from which a part is taken for more than noise
MORE = 0.03  # logarithm of the visits of a case to a step by the usual: less is no reason to wait
FACTORS = ("mix", "visits", "duration")
WAITS = (Verdict.SLOWER_STEP, Verdict.CONGESTION)
ABSENT = 0.4  # of the usual moves of a day: fewer, at nearly every step, and nobody is there
EVERYWHERE = 0.8  # of the usual moves, to steps where nothing moves
WAITING = 0.7  # of the cases that usually are open: with fewer, there is less to do


@dataclass(frozen=True)
class Part:
    """What one step or one segment adds to the change of the mean cycle time."""

    factor: str  # mix, visits or duration
    step: str | None  # the activity that is visited more often, or comes later; None for mix
    segment: dict[str, str] | None  # the stratum whose share changed; None for visits and duration
    seconds: float


@dataclass(frozen=True)
class Explanation:
    """Why the recent days differ from the base."""

    verdict: Verdict
    step: (
        str | None
    )  # the activity that comes late; for more rework the one after which cases go a longer way more often
    after: str | None  # what had been completed; None for more rework
    segment: dict[str, str]  # where it is worst; empty: everywhere
    change: (
        float  # relative: of the step's sojourn; for a mix shift and more rework what they do to the mean cycle time
    )
    interval: Interval  # of the change
    share: float  # of the mean cycle time, spent before the step
    decomposition: Decomposition
    parts: tuple[Part, ...]  # all of them: they add up to the change; the largest first


@dataclass(frozen=True)
class Shifts:
    """What the pace of the steps does not show: changes of the mean cycle time by other cases, and by other ways of cases."""

    mix: float  # relative change of the mean cycle time
    mix_score: float  # in standard errors
    visits: float
    visits_score: float


def explain(
    exposure: Exposure,
    base: Ints,
    recent: Ints,
    wall: Exposure | None = None,
    step: int | None = None,
    known: Verdict | None = None,
    sign: int = 1,
    segment: dict[str, str] | None = None,
) -> Explanation:
    """Why cases take longer (`sign` -1: less long) in the `recent` days than in the days of `base`, both rows of `exposure`.

    The base should be eight weeks, and two at least. `wall` holds the same rows by the wall clock: then seconds are the wall
    clock's. `step` is the code of the activity that was seen to come late, if one was; `known` the verdict, where that is known;
    `segment` where the step's work was seen to take longer.
    """
    seen = Comparison(exposure, base, recent, wall)
    if known is Verdict.ABSENCE or _absent(seen):
        return _of_step(seen, Verdict.ABSENCE, None, sign)
    by_step = sign * _by_step(seen, seen.split.duration)
    leading = np.unique(seen.counts.next)
    slowest = int(leading[by_step[RECENT][leading].argmax()]) if step is None else step
    verdict = known or _largest(seen, sign * seen.split.totals, by_step[:, slowest], step is None)
    load = load_of(seen, slowest) if verdict in WAITS and sign > 0 else None
    if load and (verdict is Verdict.CONGESTION or (not known and load.congested)):
        verdict = Verdict.MORE_REWORK if _sent_back(seen, slowest, load) else Verdict.CONGESTION
    if verdict is Verdict.MIX_SHIFT:
        return _of_mix(seen, sign)
    if verdict is Verdict.MORE_REWORK:
        return _of_visits(seen, sign)
    return _of_step(seen, verdict, slowest, sign, segment)


def _largest(seen: Comparison, totals: Floats, of_step: Floats, mix_too: bool) -> Verdict:
    """What matters most. Where a step was seen to come late, it was so within segments: no mix makes it so."""
    weights = {Verdict.SLOWER_STEP: _weight(seen, of_step), Verdict.MORE_REWORK: _weight(seen, totals[:, 1])}
    if mix_too:
        weights[Verdict.MIX_SHIFT] = _weight(seen, totals[:, 0])
    return max(weights, key=lambda verdict: weights[verdict])


def _sent_back(seen: Comparison, step: int, load: Load) -> bool:
    """Whether more comes to the step mostly because cases come to it more often, and not because there are more cases."""
    visits = (seen.estimate.mix[:, :, None] * seen.estimate.visits)[:, :, seen.counts.next == step].sum(axis=(1, 2))
    more_often = float(np.log(visits[RECENT] / visits[BASE]))
    return bool(seen.score(seen.split.totals[:, 1]) >= SURE and more_often > max(load.coming / 2, MORE))


def shifts(exposure: Exposure, base: Ints, recent: Ints, wall: Exposure | None = None) -> Shifts:
    """How much mix and visits alone changed the mean cycle time."""
    seen = Comparison(exposure, base, recent, wall)
    relative = seen.split.totals / seen.estimate.mean[BASE]
    score = seen.score(relative)
    return Shifts(float(relative[RECENT, 0]), float(score[0]), float(relative[RECENT, 1]), float(score[1]))


def _weight(seen: Comparison, seconds: Floats) -> float:
    """How much a part matters: what is not beyond noise hardly does."""
    return float(max(seconds[RECENT], 0.0) * (1.0 if seen.score(seconds) >= SURE else 0.01))


def _by_step(seen: Comparison, parts: Floats) -> Floats:
    """[period, activity] parts [period, stratum, flow] by the activity that the flow leads to."""
    into = seen.counts.next[:, None] == np.arange(len(seen.exposure.names))
    return np.asarray(parts.sum(axis=1) @ into)


def _absent(seen: Comparison) -> bool:
    """Whether nearly nothing moved at nearly every step, though as much as ever was there to be done."""
    moves = _by_step(seen, seen.counts.moves.sum(axis=3))[[BASE, RECENT]]
    a_day = moves / np.array([len(seen.base), len(seen.recent)])[:, None]
    still = a_day[RECENT] < ABSENT * a_day[BASE]
    open_ = seen.exposure.open
    waiting = open_[seen.recent].sum(axis=1).mean() >= WAITING * open_[seen.base].sum(axis=1).mean()
    return bool(waiting and a_day[BASE][still].sum() >= EVERYWHERE * a_day[BASE].sum() > 0 and still.sum() > 1)


def _of_step(
    seen: Comparison, verdict: Verdict, step: int | None, sign: int, known: dict[str, str] | None = None
) -> Explanation:
    """A step that became slower, in the segment where it did; without a step, all of them together."""
    flows = np.flatnonzero(seen.counts.next == step) if step is not None else np.arange(len(seen.counts.next))
    segment = (slower_segment(seen, flows) or known or {}) if step is not None and sign > 0 else {}
    periods, strata = np.arange(len(seen.estimate.mix)), np.flatnonzero(strata_in(seen.exposure.strata, segment))
    here = np.ix_(periods, strata, flows)
    sojourn = seen.estimate.sojourn[here]
    frequency = (seen.estimate.mix[:, :, None] * seen.estimate.visits)[here]
    weight = (frequency[BASE] + frequency[RECENT]) / 2
    level = (weight * sojourn).sum(axis=(1, 2))
    change = level / max(float(level[BASE]), 1e-9) - 1
    share = (frequency[RECENT] * sojourn[RECENT]).sum() / max(float(seen.estimate.mean[RECENT]), 1e-9)
    worst = flows[np.argmax(sign * seen.split.duration[here][RECENT].sum(axis=0))]
    names = seen.exposure.names
    return _explanation(
        seen,
        verdict,
        step=None if step is None else names[step],
        after=None if step is None else names[seen.counts.state[worst]],
        segment=segment,
        change=change,
        share=float(share),
    )


def _of_visits(seen: Comparison, sign: int) -> Explanation:
    """The step after which cases take a longer way more often, and what all that follows adds.

    Told is the step whose outcome changed: what comes up more often because of it is in the parts.
    """
    gain = sign * turns(seen.estimate, seen.counts)
    flow = int(gain.sum(axis=0).argmax())
    step = seen.counts.state[flow]
    spent = seen.estimate.mix[RECENT][:, None] * seen.estimate.visits[RECENT] * seen.estimate.sojourn[RECENT]
    return _explanation(
        seen,
        Verdict.MORE_REWORK,
        step=seen.exposure.names[step],
        after=None,
        segment=main_segment(seen, gain[:, flow]),
        change=seen.split.totals[:, 1] / seen.estimate.mean[BASE],
        share=float(spent[:, seen.counts.next == step].sum() / seen.estimate.mean[RECENT]),
    )


def _of_mix(seen: Comparison, sign: int) -> Explanation:
    mix = sign * seen.split.mix
    grown = seen.estimate.mix[RECENT] > seen.estimate.mix[BASE]
    return _explanation(
        seen,
        Verdict.MIX_SHIFT,
        step=None,
        after=None,
        segment=main_segment(seen, np.where(grown, mix[RECENT], 0)),
        change=seen.split.totals[:, 0] / seen.estimate.mean[BASE],
        share=1.0,
    )


def _explanation(
    seen: Comparison,
    verdict: Verdict,
    step: str | None,
    after: str | None,
    segment: dict[str, str],
    change: Floats,
    share: float,
) -> Explanation:
    return Explanation(
        verdict=verdict,
        step=step,
        after=after,
        segment=segment,
        change=float(change[RECENT]),
        interval=_interval(seen, change, 1.0),
        share=share,
        decomposition=decomposition(seen),
        parts=_parts(seen),
    )


def _interval(seen: Comparison, change: Floats, unit: float) -> Interval:
    """Of a relative change, in a unit. By its logarithm: what takes twice as long differs twice as much from week to week."""
    found = seen.interval(np.log(np.maximum(1 + change, 1e-6)))
    return Interval(unit * float(np.expm1(found.low)), unit * float(np.expm1(found.high)), found.level)


def decomposition(seen: Comparison) -> Decomposition:
    """The change of the mean cycle time in three parts, without a rest."""
    mix, visits, duration = (float(part) for part in seen.split.totals[RECENT])
    before = float(seen.estimate.mean[BASE])
    intervals = (seen.interval(part) for part in seen.split.totals.T)
    return Decomposition(
        before_s=before,
        now_s=float(seen.estimate.mean[RECENT]),
        mix_s=mix,
        visits_s=visits,
        duration_s=duration,
        interval=_interval(seen, seen.split.total / max(before, 1e-9), before),
        cases=round(float(seen.exposure.arrivals[seen.recent].sum())),
        unsure=tuple(name for name, of in zip(FACTORS, intervals, strict=True) if of.low <= 0 <= of.high),
    )


def _parts(seen: Comparison) -> tuple[Part, ...]:
    """Mix by stratum, visits and duration by step."""
    names = seen.exposure.names
    found = [
        Part("mix", None, stratum, float(seconds))
        for stratum, seconds in zip(seen.exposure.strata, seen.split.mix[RECENT], strict=True)
    ]
    for factor, parts in (("visits", seen.split.visits), ("duration", seen.split.duration)):
        by_step = _by_step(seen, parts)[RECENT]
        found += [Part(factor, names[code], None, float(by_step[code])) for code in np.unique(seen.counts.next)]
    return tuple(sorted(found, key=lambda part: (-abs(part.seconds), part.factor, part.step or "")))
