"""Whether the work itself takes longer: from start to completion, of the same kinds of cases, everywhere or in one segment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.stats import norm, t

from mining.exposure import USUAL_WORK, Exposure
from mining.segments import MORE_THAN_OTHERS, strata_in, values_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

WEEK = 7
SURE = 4.0  # standard errors: less is chance, where the days were chosen because cases wait longer on them
EXTREME = (
    3.3  # standard errors at which Student's t and the normal curve are compared; more, as few weeks have been seen
)
CLEAR = 4.5  # standard errors, where every step and segment is looked at each night: unchanged ones hardly get to 4
SLOWER = 1.07  # work that takes at least so much longer
LEAST_SPREAD = 0.02  # of the weeks of a base: less is luck
LEAST_BASE = 28  # days
LEAST_WORK = 20  # pieces of work in the recent days
LIKE_THE_OTHERS = 5.0  # pieces of work, imagined for each stratum, that took as long as those of all
LOOK_BACK = 42  # days, for the day on which it began
SPANS = (7, 14, 28)  # nights that are looked at together
UNCLIPPED = USUAL_WORK[1] - USUAL_WORK[0]  # share of the work that makes the mean grow if all takes longer


@dataclass(frozen=True)
class SlowerWork:
    """A step, and where its work takes longer."""

    step: int
    score: float  # standard errors
    segment: dict[str, str] = field(default_factory=dict)  # empty: everywhere


def slower_work(exposure: Exposure, base: Ints, night: int, sign: int = 1) -> dict[int, SlowerWork]:
    """The steps, by code, of which the work clearly takes longer in the last nights, each with where it is clearest.

    `sign` -1: of which it takes less long.
    """
    found: dict[int, SlowerWork] = {}
    segments, places = zip(*_places(exposure), strict=True)
    for seen in _seen(exposure, base, night, sign):
        for place, step in np.argwhere(seen.hopeful(np.array(places))):
            one = SlowerWork(int(step), seen.score(int(step), places[place]), segments[place])
            if one.score >= CLEAR:
                found[one.step] = max(found.get(one.step, one), one, key=lambda some: some.score)
    return found


def score_of_work(exposure: Exposure, base: Ints, night: int, work: SlowerWork) -> float:
    """By how many standard errors that work takes longer in the last nights; 0 where it is not by enough."""
    inside = strata_in(exposure.strata, work.segment)
    return max((seen.score(work.step, inside) for seen in _seen(exposure, base, night)), default=0.0)


def work_began(exposure: Exposure, base: Ints, night: int, work: SlowerWork) -> int:
    """The day from which on the longer work explains what was seen better than the usual one (a normal likelihood)."""
    inside = strata_in(exposure.strata, work.segment)
    surplus, many, _spread = surplus_of(exposure, base, np.array([work.step]))
    days = np.arange(max(night + 1 - LOOK_BACK, 0), night + 1)
    mine, count = surplus[days][:, inside, 0].sum(axis=1), many[days][:, inside, 0].sum(axis=1)
    longer = mine[-SPANS[0] :].sum() / max(count[-SPANS[0] :].sum(), 1.0)
    gain = longer * (mine - count * longer / 2)
    return int(days[np.cumsum(gain[::-1])[::-1].argmax()])


def surplus_of(exposure: Exposure, base: Ints, steps: Ints) -> tuple[Floats, Floats, Floats]:
    """([day, stratum, step] logarithms beyond the usual ones of the stratum, summed; pieces of work; [step] their variance)."""
    work = exposure.work[:, :, steps]
    usual, spread = _usual(work[base].sum(axis=0))
    return work[..., 1] - usual * work[..., 0], work[..., 0], spread


@dataclass(frozen=True)
class _Seen:
    """The work of recent days against that of a base that ends before them; [stratum, step]."""

    exposure: Exposure
    base: Ints
    recent: Ints
    surplus: Floats  # of the recent days, beyond the usual logarithms
    now: Floats  # pieces of work
    before: Floats
    spread: Floats  # [step] variance of a piece of work

    def longer(self, inside: Flags) -> Floats:
        """[..., step] the mean logarithm beyond the usual of the strata that are `inside` [..., stratum]."""
        return np.asarray((inside @ self.surplus) / np.maximum(inside @ self.now, 1.0))

    def enough(self, inside: Flags) -> Flags:
        """Whether enough is known of the work, and it takes longer by enough."""
        return np.asarray((inside @ self.now >= LEAST_WORK) & (self.longer(inside) / UNCLIPPED >= np.log(SLOWER)))

    def by_chance(self, inside: Flags) -> Floats:
        """The standard error of `longer`, if pieces of work have nothing in common."""
        each = sum(1 / np.maximum(inside @ pieces, 1.0) for pieces in (self.now, self.before))
        return np.asarray(np.sqrt(np.maximum(self.spread, 1e-9) * each))

    def hopeful(self, inside: Flags) -> Flags:
        """Whether the score may be clear, and the others hardly take longer; nobody is left out of what is everywhere."""
        longer = self.longer(inside)
        alone = inside.all(axis=-1, keepdims=True) | (longer >= MORE_THAN_OTHERS * self.longer(~inside))
        return np.asarray(self.enough(inside) & alone & (longer >= CLEAR * self.by_chance(inside)))

    def score(self, step: int, inside: Flags) -> float:
        """In standard errors: by chance, and by how much weeks differ; 0 where the work is not longer by enough."""
        if not self.enough(inside)[step]:
            return 0.0
        surplus, many, _spread = surplus_of(self.exposure, self.base, np.array([step]))
        mine, count = surplus[:, inside, 0].sum(axis=1), many[:, inside, 0].sum(axis=1)
        error = max(float(weekly_error(mine, count, self.base, self.recent)), float(self.by_chance(inside)[step]))
        return float(self.longer(inside)[step] / error)


def _seen(exposure: Exposure, base: Ints, night: int, sign: int = 1) -> Iterator[_Seen]:
    """The last nights of each span, where there is a base before them."""
    for span in SPANS:
        recent = np.arange(max(night + 1 - span, 0), night + 1)
        before = base[base < recent[0]]
        if len(before) >= LEAST_BASE:
            was, now = (exposure.work[days].sum(axis=0) for days in (before, recent))
            usual, spread = _usual(was)
            surplus = sign * (now[..., 1] - usual * now[..., 0])
            yield _Seen(exposure, before, recent, surplus, now[..., 0], was[..., 0], spread)


def _usual(work: Floats) -> tuple[Floats, Floats]:
    """([stratum, step] mean logarithm, where little is known drawn to that of all strata; [step] variance of a piece)."""
    many, logs, squares = np.moveaxis(work, -1, 0)
    everywhere = logs.sum(axis=0) / np.maximum(many.sum(axis=0), 1.0)
    usual = (logs + LIKE_THE_OTHERS * everywhere) / (many + LIKE_THE_OTHERS)
    within = (squares - 2 * usual * logs + usual**2 * many).sum(axis=0) / np.maximum(many.sum(axis=0), 1.0)
    return usual, within


def weekly_error(surplus: Floats, many: Floats, base: Ints, recent: Ints) -> Floats:
    """Standard error of the difference of two means (axis 0: days), times `caution`, by how much a week differs from the next.

    Of all weeks up to the end of the base: what has changed once, long ago, hardly counts.
    """
    last = int(base.max()) + 1
    weeks = np.arange(last % WEEK, last, WEEK)
    sums, counts = (np.add.reduceat(array[:last], weeks, axis=0) for array in (surplus, many))
    means, known = sums / np.maximum(counts, 1e-9), counts > 0
    both = known[1:] & known[:-1]
    weight = np.where(both, 1 / (1 / np.maximum(counts[1:], 1e-9) + 1 / np.maximum(counts[:-1], 1e-9)), 0.0)
    pairs = both.sum(axis=0)
    variance = np.where(pairs, (np.diff(means, axis=0) ** 2 * weight).sum(axis=0) / np.maximum(pairs, 1), np.inf)
    least = LEAST_SPREAD**2 * counts.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    each = sum(1 / np.maximum(many[days].sum(axis=0), 1.0) for days in (recent, base))
    return np.asarray(np.sqrt(np.maximum(variance, least) * each) * _caution(pairs))


def _places(exposure: Exposure) -> Iterator[tuple[dict[str, str], Flags]]:
    """Everywhere, and every segment, each with the strata that belong to it."""
    yield {}, np.ones(len(exposure.strata), bool)
    yield from values_of(exposure.strata)


def _caution(pairs: Ints) -> Floats:
    """How much further out Student's t is as sure as the normal curve; two differences in three are news of their own."""
    return np.asarray(t.isf(norm.sf(EXTREME), np.maximum(2 * pairs // 3, 2)) / EXTREME)
