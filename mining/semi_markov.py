"""What a case takes on average, from exits and exposure of a period: open cases count for as long as they have lasted.

A case goes from state to state (the activity completed last). A *flow* is a state and the activity that ends it. In each bin
of ages a flow has a hazard: its moves by the time lived there. From the hazards follow, by competing risks, the chance of each
flow and the mean stay before it; from the chances, how often a case takes each flow: e (I - Q)^-1. Then the mean cycle time is
the sum of visits x mean stay over the flows, by stratum, weighted by the arrivals (the mean of a semi-Markov process; Kalenkova
et al., IEEE Access 2025, arXiv 2206.14415). It is what the period's pace means for a whole case, whoever is still open.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PRIOR_EXITS = 2.0  # of a flow in a bin, at the pace of the flow
IMAGINED = 0.25  # exit of a state in a bin, at the pace of the state: for bins that nobody has seen
LEAST_S = 1.0  # of time lived
SLOWEST = 1e-9  # exits a second of a state that nobody was seen to leave
PRIOR_STRATUM = 5.0  # exits of a flow in a stratum, at the pace of all strata
REFERENCE = slice(0, 2)  # base and recent period: against what they have in common, each is told
LEAK = 1e-4  # the least chance that a case ends after a step: states that nobody leaves must not count for ever


@dataclass(frozen=True)
class Counts:
    """Moves and time lived by period (first axis): the base, the recent one, then any others to be seen beside them.

    starts: [period, stratum, state] cases that begin there. moves: [period, stratum, flow, bin].
    exposure: [period, stratum, state, bin] seconds.
    goes_on: [period, state] of the cases that complete the activity, the share that goes on.
    state, next: of each flow, in the order of the states. ages: lower edges of the bins, seconds.
    pace: [state] by which its seconds are multiplied before they are added up.
    """

    starts: Floats
    moves: Floats
    exposure: Floats
    goes_on: Floats
    state: Ints
    next: Ints
    ages: Floats
    pace: Floats

    @property
    def arrivals(self) -> Floats:
        arrivals: Floats = self.starts.sum(axis=2)
        return arrivals


@dataclass(frozen=True)
class Estimate:
    """The pace of each period, told for whole cases.

    mix: [period, stratum] share of the arrivals. visits: [period, stratum, flow] times that a case takes it.
    sojourn: [period, stratum, flow] mean seconds before it. chance: [period, stratum, flow] of the flow, once in its state.
    """

    mix: Floats
    visits: Floats
    sojourn: Floats
    chance: Floats

    @property
    def mean(self) -> Floats:
        """[period] mean cycle time, seconds."""
        return np.asarray((self.mix * self.by_stratum).sum(axis=1))

    @property
    def by_stratum(self) -> Floats:
        return np.asarray((self.visits * self.sojourn).sum(axis=2))


def estimate(counts: Counts, hazard: Floats) -> Estimate:
    """The semi-Markov mean of every period, and what it consists of; from `hazards(counts)`."""
    chance, sojourn = competing(hazard, counts.state, counts.ages)
    begin = _shares(counts.starts + PRIOR_EXITS * _shares(counts.starts[REFERENCE].sum(axis=(0, 1))))
    visits = _visits(begin, chance, counts)
    usual = 1e-9 * counts.arrivals[REFERENCE].sum(axis=0)  # where nobody came, a case is one of the usual kind
    return Estimate(
        mix=_shares(counts.arrivals + usual), visits=visits, sojourn=sojourn * counts.pace[counts.state], chance=chance
    )


def hazards(counts: Counts) -> Floats:
    """[period, stratum, flow, bin] exits a second: the pace of all, times what is particular about stratum and period.

    Each ratio of exits to expected exits is drawn towards the coarser one by a few imagined exits, so that a cell that has
    seen nothing has the pace of its flow, and a cell that has seen much its own.
    """
    lived = counts.exposure[:, :, counts.state]
    moves, every = counts.moves[REFERENCE].sum(axis=(0, 1)), lived[REFERENCE].sum(axis=(0, 1))
    pace = moves.sum(axis=1) / np.maximum(every.sum(axis=1), LEAST_S)  # of the flow, at any age
    few = IMAGINED * _shares(moves.sum(axis=1), counts.state)
    of_bin = (moves + few[:, None]) / (every + IMAGINED / np.maximum(by_state(pace, counts.state), SLOWEST)[:, None])
    stratum_moves, expected = counts.moves[REFERENCE].sum(axis=0), of_bin * lived[REFERENCE].sum(axis=0)
    coarse = _ratio(stratum_moves.sum(axis=2), expected.sum(axis=2), PRIOR_EXITS)[:, :, None]
    usual = of_bin * _ratio(stratum_moves, expected, PRIOR_EXITS, coarse)
    expected = usual * lived
    pooled_moves, pooled = counts.moves.sum(axis=1), expected.sum(axis=1)
    of_flow = _ratio(pooled_moves.sum(axis=2), pooled.sum(axis=2), PRIOR_EXITS)[:, :, None]
    of_age = _ratio(pooled_moves, pooled, PRIOR_EXITS, of_flow)[:, None]
    seen, expected = counts.moves.sum(axis=3), (expected * of_age).sum(axis=3)
    own = _ratio(seen, expected, _prior(seen, expected))
    return np.asarray(usual * of_age * own[:, :, :, None])


def competing(hazard: Floats, state: Ints, ages: Floats) -> tuple[Floats, Floats]:
    """Chance of each flow and mean stay before it, [..., flow], from hazards [..., flow, bin].

    The oldest bin has no end; who gets there stays for no more than its lower edge again, so that a few forgotten cases do not
    make up the mean.
    """
    total = np.maximum(by_state(hazard, state, axis=-2), 1e-300)
    width = np.append(np.diff(ages), np.inf)
    lasting = np.exp(-np.where(np.isinf(width), np.inf, total * np.where(np.isinf(width), 1.0, width)))
    reached = np.cumprod(np.concatenate([np.ones_like(lasting[..., :1]), lasting[..., :-1]], axis=-1), axis=-1)
    leaving = reached * (1 - lasting)
    stay = np.where(
        np.isinf(width),
        np.minimum(1 / total, max(ages[-1], 1.0)),
        1 / total - np.where(np.isinf(width), 0.0, width) * lasting / np.maximum(1 - lasting, 1e-300),
    )
    share = hazard / total * leaving
    chance = share.sum(axis=-1)
    sojourn = (share * (ages + np.maximum(stay, 0))).sum(axis=-1) / np.maximum(chance, 1e-300)
    return chance, sojourn


def moving(chance: Floats, counts: Counts) -> Floats:
    """[period, stratum, state, state] chance that a visit of the one is followed by a visit of the other."""
    states = counts.starts.shape[2]
    matrix = np.zeros((*chance.shape[:2], states, states))
    matrix[:, :, counts.state, counts.next] = chance * np.minimum(counts.goes_on, 1 - LEAK)[:, None, counts.next]
    return matrix


def _visits(begin: Floats, chance: Floats, counts: Counts) -> Floats:
    """Times that a case takes each flow: visits of its state, by its chance."""
    states = counts.starts.shape[2]
    through = np.eye(states) - moving(chance, counts).swapaxes(2, 3)
    of_state = np.linalg.solve(through, begin[..., None])[..., 0]
    return np.asarray(of_state[:, :, counts.state] * chance)


def _ratio(seen: Floats, expected: Floats, prior: Floats | float, towards: Floats | float = 1.0) -> Floats:
    return np.asarray((seen + prior * towards) / np.maximum(expected + prior, 1e-300))


def _prior(seen: Floats, expected: Floats) -> Floats:
    """How many imagined exits fit the spread of the strata's ratios (axis 1): many if they differ as chance would have it.

    DerSimonian and Laird's estimate of the variance between groups, 1986, for ratios of counts.
    """
    within = ((seen - expected) ** 2 / np.maximum(expected, 1e-9)).sum(axis=1)
    total = expected.sum(axis=1)
    weight = total - (expected**2).sum(axis=1) / np.maximum(total, 1e-9)
    between = np.maximum(within - (seen.shape[1] - 1), 0) / np.maximum(weight, 1e-9)
    return np.asarray(np.clip(1 / np.maximum(between, 1e-6), PRIOR_STRATUM, 1e4))[:, None]


def _shares(counts: Floats, groups: Ints | None = None) -> Floats:
    total = counts.sum(axis=-1, keepdims=True) if groups is None else by_state(counts, groups)
    return np.asarray(counts / np.maximum(total, 1e-300))


def by_state(values: Floats, state: Ints, axis: int = -1) -> Floats:
    """For each flow the sum over all flows of its state."""
    first = np.flatnonzero(np.diff(state, prepend=-1))
    sums = np.add.reduceat(values, first, axis=axis)
    return np.repeat(sums, np.diff(np.append(first, len(state))), axis=axis)
