"""The worlds on which accuracy is measured: what is planted is there, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from benchmarks.worlds import ACTIVITIES, APPROVE, STEPS, Change, Log, World

SMALL = World(seed=3, days=120, orders=20, rework=0.1)
QUEUES = replace(SMALL, queues=True)
PLANTED = {
    "slow": Change("slow", 60, 1.5, step=APPROVE),
    "slow B": Change("slow", 60, 1.5, step=APPROVE, segment="B"),
    "ramp": Change("slow", 60, 1.5, step=APPROVE, ramp=30),
    "mix": Change("mix", 60, 0.5),
    "rework": Change("rework", 60, 0.25),
    "surge": Change("surge", 60, 1.3),
    "strike": Change("strike", 60, until=63),
}


def events(log: Log, until: float) -> list[tuple[float, int]]:
    """Told without the case's number: with more orders after a change, all numbers but the first are others."""
    return [(t, a) for t, a in zip(log.completed.tolist(), log.activity.tolist(), strict=True) if t < until]


@pytest.mark.parametrize("world", [SMALL, QUEUES])
def test_a_seed_gives_one_world(world: World) -> None:
    log = world.log()
    assert replace(world).log().table().equals(log.table())
    assert not replace(world, seed=4).log().table().equals(log.table())
    assert (np.diff(log.completed) >= 0).all() and log.completed[-1] < world.days
    assert len(log.case) == pytest.approx(20 * 120 * (1 + 3 + 2 / 0.9), rel=0.08)


@pytest.mark.parametrize("world", [SMALL, QUEUES], ids=["delays", "queues"])
@pytest.mark.parametrize("name", list(PLANTED))
def test_nothing_is_different_before_the_change(world: World, name: str) -> None:
    if world.queues and name == "slow B":
        pytest.skip("a queue works at one pace for all segments")
    changed = replace(world, changes=(PLANTED[name],))
    assert events(changed.log(), 60) == events(world.log(), 60)
    assert events(changed.log(), 90) != events(world.log(), 90)


def test_the_truth_is_what_was_planted() -> None:
    calm = World(seed=1, days=200, noise=0, holidays=0, orders=40, rework=0.1)
    of = {name: replace(calm, changes=(change,)).truth() for name, change in PLANTED.items()}
    assert of["mix"].mix == of["mix"].now - of["mix"].without > 0 == of["mix"].visits == of["mix"].duration
    assert of["mix"].effect == pytest.approx(1.4 / 1.2 - 1, abs=0.02)
    assert of["rework"].visits > 0 == of["rework"].mix == of["rework"].duration
    # a third of the work is Approve's, once more for those that come back
    assert of["slow"].effect == pytest.approx(0.5 * 1.3 / 0.9 / (1.65 / 0.9 + 2.35), abs=0.03)
    assert 0 < of["slow B"].duration < of["ramp"].duration < of["slow"].duration
    everything = replace(calm, changes=(PLANTED["mix"], PLANTED["slow"], PLANTED["rework"])).truth()
    assert everything.mix + everything.visits + everything.duration == pytest.approx(
        everything.now - everything.without
    )
    assert min(everything.mix, everything.visits, everything.duration) > 0


def test_shares_are_as_planted() -> None:
    world = World(seed=5, days=300, rework=0.1, changes=(Change("mix", 150, 0.5), Change("rework", 150, 0.25)))
    log = world.log()
    begun = log.completed[log.activity == 0]
    in_b = log.segment_b[log.case[log.activity == 0]]
    assert in_b[begun < 150].mean() == pytest.approx(0.25, abs=0.02)
    assert in_b[begun >= 150].mean() == pytest.approx(0.5, abs=0.02)
    checks, approvals = (log.completed[log.activity == ACTIVITIES.index(name)] for name in ("Check", "Approve"))
    before = (checks < 150).sum() - (begun < 150).sum()
    assert before / (approvals < 150).sum() == pytest.approx(0.1, abs=0.02)
    after = (checks >= 150).sum() - (begun >= 150).sum()
    assert after / (approvals >= 150).sum() == pytest.approx(0.25, abs=0.03)


def test_nearly_nothing_moves_in_a_strike_or_at_night() -> None:
    log = replace(SMALL, changes=(PLANTED["strike"],)).log()
    worked = log.completed[log.activity > 0]
    a_day = np.bincount(worked.astype(int), minlength=120)
    assert a_day[60:63].sum() < 0.2 * a_day[53:56].sum()
    hour = worked % 1 * 24
    assert ((hour > 7.99) & (hour < 18.01)).all()


def test_people_do_one_thing_at_a_time_first_come_first_served() -> None:
    log = QUEUES.log()
    assert log.started is not None and log.person is not None
    arrived = {}
    joined = np.full(len(log.case), -1.0)
    for n, (case, time) in enumerate(zip(log.case.tolist(), log.completed.tolist(), strict=True)):
        joined[n] = arrived.get(case, -1)
        arrived[case] = time
    for step in range(1, len(STEPS) + 1):
        here = np.flatnonzero(log.activity == step)
        queue = here[np.argsort(joined[here], kind="stable")]
        assert (np.diff(log.started[queue]) > -1e-6).all()
        assert (log.started[here] >= joined[here]).all()
        for person in np.unique(log.person[here]):
            mine = here[log.person[here] == person]
            mine = mine[np.argsort(log.started[mine])]
            assert (log.started[mine][1:] >= log.completed[mine][:-1] - 1e-6).all()


def test_people_leave_and_come_back() -> None:
    step = int(np.argmax(QUEUES._people))
    leave = Change("capacity", 60, 0.5, step=step, until=90)
    log = replace(QUEUES, changes=(leave,)).log()
    assert log.started is not None and log.person is not None
    everyone = set(range(QUEUES._people[step]))
    at_step = log.activity == step + 1
    assert set(log.person[at_step & (log.started < 60)]) == everyone
    there = set(log.person[at_step & (log.started >= 65) & (log.started < 90)])
    assert len(there) == len(everyone) - round(len(everyone) * 0.5)
    assert set(log.person[at_step & (log.started >= 91)]) == everyone


def test_the_table_has_the_products_columns(tmp_path) -> None:
    written = pq.read_table(QUEUES.log().write(tmp_path / "world.parquet"))
    assert written.column_names == ["case_id", "activity", "timestamp", "segment", "start_timestamp", "resource"]
    assert str(written.schema.field("timestamp").type) == "timestamp[us, tz=UTC]"
    assert SMALL.log().table().column_names == ["case_id", "activity", "timestamp", "segment"]


def test_what_cannot_be_planted_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown kind of change 'slower': one of slow, capacity"):
        Change("slower", 10)
    with pytest.raises(ValueError, match="world of delays"):
        replace(QUEUES, changes=(PLANTED["slow B"],))
    with pytest.raises(ValueError, match="world of queues"):
        replace(SMALL, changes=(Change("capacity", 60, 0.5, step=1),))
