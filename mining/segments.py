"""Which segment a slow-down is in: one dimension at a time, every value against all the others."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mining.comparison import BASE, RECENT, WEEKS, Comparison
from mining.semi_markov import Floats, Ints

SLOWER = np.array([1.1, 1.2, 1.35, 1.6, 2.0, 3.0])  # how much slower than the others a segment may be
FALSE_SHARE = 0.1  # of the segments named
OUTSTANDING = 0.3  # of a part, beyond the share of the cases
MORE_THAN_OTHERS = 2.0  # the segment's slow-down, against that of the others, in logarithms: else it is everywhere


def slower_segment(seen: Comparison, flows: Ints) -> dict[str, str]:
    """The one segment in which the flows slowed down and the others hardly did; {} if it is everywhere.

    Exits are set against those expected at the base's pace, in the segment and elsewhere: what slows all down cancels out.
    Segments are chosen by e-BH (Wang and Ramdas, 2022), which holds whatever the segments have in common.
    """
    moves = seen.counts.moves[:, :, flows].sum(axis=3)
    lived = seen.counts.exposure[:, :, seen.counts.state[flows]]
    expected = (seen.hazards[BASE, :, flows].swapaxes(0, 1) * lived).sum(axis=3).sum(axis=2)
    exits = moves.sum(axis=2)
    found = []
    for segment, inside in values_of(seen.exposure.strata):
        pace, others = (
            exits[RECENT, some].sum() / max(expected[RECENT, some].sum(), 1e-9) for some in (inside, ~inside)
        )
        evidence = _evidence(exits[:, inside].sum(axis=1), exits.sum(axis=1), _share(expected, inside))
        alone = -np.log(max(pace, 1e-9)) >= MORE_THAN_OTHERS * max(-np.log(max(others, 1e-9)), 0.0)
        found.append((evidence, alone, segment))
    evidences = np.sort([evidence for evidence, _alone, _segment in found])[::-1]
    enough = evidences * np.arange(1, len(found) + 1) >= len(found) / FALSE_SHARE
    limit = evidences[np.flatnonzero(enough)[-1]] if enough.any() else np.inf
    chosen = [(evidence, segment) for evidence, alone, segment in found if alone and evidence >= limit]
    return max(chosen, key=lambda some: some[0])[1] if chosen else {}


def values_of(strata: tuple[dict[str, str], ...]) -> Iterator[tuple[dict[str, str], np.ndarray]]:
    """Every value of every segment, and which strata have it."""
    for name, value in sorted({item for stratum in strata for item in stratum.items()}):
        inside = np.array([stratum.get(name) == value for stratum in strata])
        if not inside.all():
            yield {name: value}, inside


def strata_in(strata: tuple[dict[str, str], ...], segment: dict[str, str]) -> np.ndarray:
    """Which strata belong to a segment; all of them to {}."""
    return np.array([segment.items() <= stratum.items() for stratum in strata])


def _share(expected: Floats, inside: np.ndarray) -> Floats:
    return np.asarray(expected[:, inside].sum(axis=1) / np.maximum(expected.sum(axis=1), 1e-9))


def _evidence(exits: Floats, total: Floats, share: Floats) -> float:
    """e-value for "the segment is slower than the others": its exits are too few of all exits, beyond what weeks differ by."""
    usual = share[WEEKS] * total[WEEKS]
    noise = (exits[WEEKS] - usual) ** 2 / np.maximum(usual * (1 - share[WEEKS]), 1e-9)
    spread = max(float(noise.mean()), 1.0)
    slow = share[RECENT] / SLOWER / (share[RECENT] / SLOWER + 1 - share[RECENT])
    with np.errstate(divide="ignore"):
        log_ratio = exits[RECENT] * np.log(slow / share[RECENT]) + (total[RECENT] - exits[RECENT]) * np.log(
            (1 - slow) / (1 - share[RECENT])
        )
    return float(np.exp(np.minimum(log_ratio / spread, 600)).mean())


def main_segment(seen: Comparison, seconds: Floats) -> dict[str, str]:
    """The segment that most of a part [stratum] falls to, beyond its share of the cases; {} if no one stands out."""
    usual = seen.estimate.mix[BASE]
    total = max(float(seconds.sum()), 1e-9)
    excess = [
        (seconds[inside].sum() / total - usual[inside].sum(), segment)
        for segment, inside in values_of(seen.exposure.strata)
    ]
    standing_out = [(more, segment) for more, segment in excess if more >= OUTSTANDING]
    return max(standing_out, key=lambda some: some[0])[1] if standing_out else {}
