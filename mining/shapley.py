"""A change of a sum of products, split among its three factors without a rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mining.semi_markov import LEAK, Counts, Estimate, Floats, by_state, moving


@dataclass(frozen=True)
class Split:
    """The change of the mean cycle time from one period to others (axis 0), in seconds: all parts together are `total`.

    mix: [period, stratum] more or fewer cases of a stratum, against a case of the average stratum. visits, duration: [period,
    stratum, flow] more or fewer visits, longer or shorter stays.
    """

    mix: Floats
    visits: Floats
    duration: Floats

    @property
    def totals(self) -> Floats:
        """[period, 3]: mix, visits, duration."""
        return np.stack([self.mix.sum(axis=1), self.visits.sum(axis=(1, 2)), self.duration.sum(axis=(1, 2))], axis=1)

    @property
    def total(self) -> Floats:
        return np.asarray(self.totals.sum(axis=1))


def split(estimate: Estimate, base: int = 0) -> Split:
    """What changed from the period `base` to every period, cell by cell of stratum and flow."""
    factors = (estimate.mix[:, :, None], estimate.visits, estimate.sojourn)
    mix, visits, duration = shapley(*((factor[base], factor) for factor in factors))
    # A stratum's share grows at the cost of the others: so its part is counted against the average stratum (same sum).
    grown = estimate.mix - estimate.mix[base]
    usual = (estimate.mean[base] + estimate.mean)[:, None] / 2
    return Split(mix.sum(axis=2) - grown * usual, visits, duration)


def shapley(*factors: tuple[Floats, Floats]) -> tuple[Floats, Floats, Floats]:
    """The Shapley values of three factors, each (before, now), in the change of their product; they sum to it exactly."""
    one, two, three = factors
    return _value(one, two, three), _value(two, one, three), _value(three, one, two)


def _value(own: tuple[Floats, Floats], other: tuple[Floats, Floats], third: tuple[Floats, Floats]) -> Floats:
    (a0, a1), (b0, b1), (c0, c1) = own, other, third
    return np.asarray((a1 - a0) * ((b0 * c0 + b1 * c1) / 3 + (b0 * c1 + b1 * c0) / 6))


def turns(estimate: Estimate, counts: Counts, base: int = 0, now: int = 1) -> Floats:
    """[stratum, flow] what each turn, taken more or less often, adds to the mean cycle time, in seconds.

    The chance gained, by the way that the turn leaves to go, against the way that the other turns from the same state leave:
    what other ways of running do, told where they begin and not where the time is then spent.
    """
    both = [base, now]
    more = estimate.chance[now] - estimate.chance[base]
    ahead = np.mean([_ahead(estimate, counts, period) for period in both], axis=0)
    usual = by_state(estimate.chance[both].mean(axis=0) * ahead, counts.state)
    of_state = by_state(estimate.mix[both, :, None] * estimate.visits[both], counts.state).mean(axis=0)
    return np.asarray(of_state * more * (ahead - usual))


def _ahead(estimate: Estimate, counts: Counts, period: int) -> Floats:
    """[stratum, flow] seconds before the flow, and from there to the end of the case."""
    states = counts.starts.shape[2]
    spent = by_state(estimate.chance[period] * estimate.sojourn[period], counts.state)
    stay = np.zeros((len(spent), states))
    stay[:, counts.state] = spent
    rest = np.linalg.solve(np.eye(states) - moving(estimate.chance, counts)[period], stay[..., None])[..., 0]
    goes_on = np.minimum(counts.goes_on[period], 1 - LEAK)[counts.next]
    return np.asarray(estimate.sojourn[period] + goes_on * rest[:, counts.next])
