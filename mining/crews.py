"""Who does what: steps that the same people do are a pool, and one of them can make the others wait."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from mining.visits import OPEN, Ints, Visits

Floats = npt.NDArray[np.float64]

FIRST_DAYS = 100  # pools are told by the first days, so that they are the same in every later night
SHARED = 0.5  # of the people of the smaller of two steps, who do both


def crews(visits: Visits, edges: Ints) -> tuple[tuple[int, ...], Floats]:
    """(the pool of each step, -1 where nobody is known to do it; people who completed something, by day and pool).

    edges: moments at which days begin and end.
    """
    who = np.zeros(len(visits.state), np.int64) if visits.who is None else visits.who
    known = np.flatnonzero((visits.next != OPEN) & (who > 0))
    day, step, person = (
        np.searchsorted(edges, visits.left_us[known], side="right") - 1,
        visits.next[known],
        who[known],
    )
    pool = _pools(step[day < FIRST_DAYS], person[day < FIRST_DAYS], len(visits.names))
    pools = max(int(pool.max(initial=-1)) + 1, 0)
    mine = pool[step] >= 0
    seen = np.unique(np.stack([day, pool[step], person])[:, mine], axis=1)
    people = np.bincount(seen[0] * max(pools, 1) + seen[1], minlength=(len(edges) - 1) * max(pools, 1))
    return tuple(pool.tolist()), people.reshape(len(edges) - 1, max(pools, 1))[:, :pools].astype(float)


def _pools(step: Ints, person: Ints, steps: int) -> Ints:
    """Steps are in a pool if at least half of the people of the one with fewer do the other too; pools of pools are one."""
    pairs = np.unique(np.stack([step, person]), axis=1)
    does = (
        csr_array(coo_array((np.ones(pairs.shape[1]), (pairs[0], pairs[1]))).tocsr())
        if pairs.size
        else csr_array((steps, 1))
    )
    does.resize((steps, does.shape[1]))
    common = (does @ does.T).toarray()
    fewer = np.minimum.outer(common.diagonal(), common.diagonal())
    _many, label = connected_components(csr_array((fewer > 0) & (common >= SHARED * fewer)), directed=False)
    staffed = common.diagonal() > 0
    renumbered = np.full(steps, -1)
    renumbered[staffed] = np.unique(label[staffed], return_inverse=True)[1]
    return renumbered
