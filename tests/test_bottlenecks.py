"""Shares of the expected cycle time: exact where all is seen, fair to what still waits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import ibis
import numpy as np
import pytest
from conftest import NIGHT_END, Event
from lifelines import KaplanMeierFitter
from lifelines.utils import restricted_mean_survival_time

from mining.bottlenecks import _mean_sojourns, _moves, bottlenecks
from mining.discovery import directly_follows
from mining.findings import Bottleneck
from mining.store import Tables

HOUR = 3_600_000_000
START = datetime(2024, 1, 1, tzinfo=UTC)


def at(hours: float) -> str:
    return (START + timedelta(hours=hours)).strftime("%Y-%m-%d %H:%M:%S")


def found(tables: Tables) -> dict[tuple[str, str], Bottleneck]:
    return {(b.after, b.step): b for b in bottlenecks(tables, directly_follows(tables))}


LOOP: list[Event] = [
    ("1", "Order", at(0)), ("1", "Check", at(1)), ("1", "Ship", at(5)),
    ("2", "Order", at(0)), ("2", "Check", at(3)), ("2", "Order", at(4)), ("2", "Check", at(10)), ("2", "Ship", at(14)),
]  # fmt: skip


def test_shares_are_the_time_spent_where_every_case_is_finished(mined: Callable[..., Tables]) -> None:
    result = found(mined(LOOP, ends=["Ship"]))
    spent = {("Order", "Check"): 1 + 3 + 6, ("Check", "Ship"): 4 + 4, ("Check", "Order"): 1}
    assert {pair: b.share for pair, b in result.items()} == pytest.approx({p: h / 19 for p, h in spent.items()})
    assert [(b.rank, b.after) for b in result.values()] == [(1, "Order"), (2, "Check"), (3, "Check")]


def test_visits_times_stay_is_the_mean_cycle_time(mined: Callable[..., Tables]) -> None:
    tables = mined(LOOP, ends=["Ship"])
    moves, mean = _moves(tables), _mean_sojourns(tables)
    expected = sum(
        n * moves.chance(pair) * mean[pair[0]] for pair in moves.n for n in [moves.visits_per_case()[pair[0]]]
    )
    assert expected == pytest.approx((5 + 14) / 2 * HOUR)


def test_the_mean_stay_equals_lifelines_with_open_visits(mined: Callable[..., Tables]) -> None:
    random = np.random.default_rng(7)
    lasted = random.lognormal(3, 1, 80).round(3) + 0.01
    begun = random.uniform(0, 700, 80).round(3)
    log: list[Event] = []
    for case, (start, stay) in enumerate(zip(begun, lasted, strict=True)):
        log.append((str(case), "Order", at(start)))
        log += [(str(case), "Ship", at(start + stay))] if start + stay < 31 * 24 else []
    tables = mined(log, ends=["Ship"])
    times = {(case, step): datetime.fromisoformat(f"{time}+00:00") for case, step, time in log}
    ordered = [case for case, step in times if step == "Order"]
    seen = np.array([(case, "Ship") in times for case in ordered])
    lasting = [times.get((case, "Ship"), NIGHT_END) - times[case, "Order"] for case in ordered]
    durations = np.array([stay.total_seconds() / 3600 for stay in lasting])
    assert 0 < seen.sum() < len(seen)
    fitted = KaplanMeierFitter().fit(durations, seen)
    expected = restricted_mean_survival_time(fitted, t=durations.max())
    [mean] = _mean_sojourns(tables).values()
    assert mean / HOUR == pytest.approx(expected, rel=1e-6)


def test_a_step_where_cases_pile_up_is_found_though_few_have_left_it(mined: Callable[..., Tables]) -> None:
    log: list[Event] = []
    for case in range(20):
        log += [(str(case), "Order", at(10 * case)), (str(case), "Pick", at(10 * case + 24))]
        if case < 4:  # the others wait since
            log.append((str(case), "Ship", at(10 * case + 30)))
    worst = next(iter(found(mined(log, ends=["Ship"])).values()))
    assert (worst.after, worst.step, worst.open) == ("Pick", "Ship", 16)
    assert worst.mean_sojourn_s == 6 * 3600  # of those seen: this alone would hide it


def test_nothing_after_the_goal_is_ranked(mined: Callable[..., Tables]) -> None:
    log = [*LOOP, ("1", "Pay", at(300)), ("2", "Pay", at(400))]
    assert ("Ship", "Pay") not in found(mined(log, ends=["Pay"], clock={"stops": ["Ship"]}))


def test_a_fixed_timer_keeps_its_share_but_no_rank(mined: Callable[..., Tables]) -> None:
    log: list[Event] = []
    for case in range(30):
        log += [(str(case), "Ask", at(case)), (str(case), "Do", at(case + 1)), (str(case), "Close", at(case + 49))]
    result = found(mined(log, ends=["Close"]))
    timer = result["Do", "Close"]
    assert (timer.rank, timer.timer_s, round(timer.share, 2)) == (0, 48 * 3600, 0.98)
    assert "timer" in timer.reason_not_ranked
    assert result["Ask", "Do"].rank == 1


def test_waiting_and_work_are_told_apart(mined: Callable[..., Tables]) -> None:
    log: list[Event] = [("1", "Order", at(0)), ("1", "Pick", at(10), at(7))]
    pick = found(mined(log, ends=["Pick"]))["Order", "Pick"]
    assert (pick.mean_wait_s, pick.mean_processing_s, pick.mean_sojourn_s) == (7 * 3600, 3 * 3600, 10 * 3600)


def test_overtaking(mined: Callable[..., Tables]) -> None:
    in_turn: list[Event] = []
    for case in range(4):
        in_turn += [(str(case), "In", at(case)), (str(case), "Out", at(case + 10))]
    assert found(mined(in_turn, ends=["Out"]))["In", "Out"].overtaken == 0
    late = [event if event[:2] != ("0", "Out") else ("0", "Out", at(20)) for event in in_turn]
    assert found(mined(late, ends=["Out"]))["In", "Out"].overtaken == 0.25


def test_bunches_count_only_beyond_how_cases_come(mined: Callable[..., Tables]) -> None:
    batch: list[Event] = []
    for case in range(6):
        batch += [(str(case), "In", at(case)), (str(case), "Out", at(24 if case < 4 else 30 + case))]
    assert found(mined(batch, ends=["Out"]))["In", "Out"].batched == pytest.approx(4 / 6)
    together = [(case, activity, at(0) if activity == "In" else time) for case, activity, time in batch]
    assert found(mined(together, ends=["Out"]))["In", "Out"].batched == 0


def test_the_interval_holds_the_share_and_repeats(mined: Callable[..., Tables]) -> None:
    log: list[Event] = []
    for case in range(100):
        slow = 20 if case % 3 else 5
        log += [
            (str(case), "A", at(6 * case)),
            (str(case), "B", at(6 * case + slow)),
            (str(case), "C", at(6 * case + slow + 8)),
        ]
    tables = mined(log, ends=["C"])
    first, again = found(tables), found(tables)
    assert first == again
    for b in first.values():
        assert b.share_interval.low <= b.share <= b.share_interval.high
        assert b.share_interval.high - b.share_interval.low < 0.2


def test_no_moves_no_bottlenecks(mined: Callable[..., Tables]) -> None:
    assert found(mined([("1", "Order", at(0))])) == {}


def test_bunches_equal_counting_neighbours(mined: Callable[..., Tables]) -> None:
    random = np.random.default_rng(3)
    left = np.sort(random.integers(0, 3600, 60)) + 100 * 3600
    log: list[Event] = []
    for case, second in enumerate(left):
        log += [(str(case), "In", at(case)), (str(case), "Out", at(int(second) / 3600))]
    seconds = np.array([datetime.strptime(e[2], "%Y-%m-%d %H:%M:%S").timestamp() for e in log if e[1] == "Out"])
    expected = np.mean([(np.abs(seconds - second) <= 60).sum() >= 3 for second in seconds])
    assert 0.1 < expected < 0.95
    assert found(mined(log, ends=["Out"]))["In", "Out"].batched == pytest.approx(expected)


def test_a_loop_that_no_case_has_left_yet_has_shares(mined: Callable[..., Tables]) -> None:
    log = [("1", "Ship", at(0)), ("1", "Pay", at(2)), ("1", "Pay", at(8))]
    shares = [b.share for b in found(mined(log, ends=["Ship"])).values()]
    assert sum(shares) == pytest.approx(1)


def test_a_century_of_waiting_in_a_million_cases_adds_up(mined: Callable[..., Tables]) -> None:
    """More microseconds than 64 bits hold."""
    tables = mined([("1", "Order", at(0)), ("1", "Ship", at(2)), ("2", "Order", at(0))], ends=["Ship"])
    far = tables.weeks.mutate(total_us=tables.weeks.total_us * 0 + 9_000_000_000_000_000_000)
    summed = tables.rows(far.union(far).group_by("after").aggregate(total=ibis._.total_us.sum()))
    assert [row["total"] for row in summed] == [18_000_000_000_000_000_000]
