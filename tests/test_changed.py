"""What changed: counts by brute force, changes that are there found, and chance not taken for change."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import a_process
from scipy.stats import mannwhitneyu, norm

from mining.chance import of_means, of_ranks
from mining.changed import changed
from mining.findings import Changed, PathChange
from mining.store import Tables, derive

NIGHT_END = datetime(2024, 7, 1, tzinfo=UTC)
Log = dict[str, list[tuple[str, datetime]]]


def wandering(seed: int, days: int = 170, a_day: int = 3) -> Log:
    """Cases that begin at any hour, check, perhaps check again, ask now and then, and close; the youngest are open."""
    dice = random.Random(seed)  # noqa: S311
    log: Log = {}
    for day in range(days):
        for number in range(a_day):
            at = NIGHT_END - timedelta(days=day + dice.random())
            case = [("Enter", at)]
            middle = ["Check"] * dice.choice((1, 1, 1, 2)) + ["Ask"] * (dice.random() < 0.3)
            for step in [*middle, "Close"]:
                at += timedelta(hours=dice.expovariate(1 / 30))
                case.append((step, at))
            log[f"{day}-{number}"] = [one for one in case if one[1] < NIGHT_END]
    return log


def found(folder: Path, log: Log) -> Changed:
    """What changed in a log, mined in a new folder."""
    place = folder / f"log-{len(list(folder.iterdir()))}"
    place.mkdir()
    rows = [(case, step, at) for case, way in log.items() for step, at in way]
    cases, steps, times = zip(*rows, strict=True)
    batch = pa.table(
        {
            "case_id": cases,
            "activity": steps,
            "completed": pa.array(times, pa.timestamp("us", "UTC")),
            "started": pa.nulls(len(rows), pa.timestamp("us", "UTC")),
            "resource": pa.nulls(len(rows), pa.string()),
            "order_key": pa.nulls(len(rows), pa.float64()),
            "file": ["f"] * len(rows),
            "row": range(1, len(rows) + 1),
        }
    )
    pq.write_table(batch, place / "batch.parquet")
    process = a_process(ends=["Close"])
    derive(process, [place / "batch.parquet"], NIGHT_END, place)
    return changed(Tables(place), process, NIGHT_END)


def path(result: Changed, source: str, target: str) -> PathChange:
    return next(one for one in result.paths if (one.source, one.target) == (source, target))


def the_oracle(log: Log, result: Changed) -> tuple[dict[tuple[str, str, bool], list[float]], Counter[tuple[str, bool]]]:
    """Waits by path and cohort, and how often each step is passed: event by event."""
    assert result.before and result.after and result.followed_s
    begin, middle, end = (
        datetime.fromisoformat(day).replace(tzinfo=UTC)
        for day in (result.before.first, result.after.first, result.after.last)
    )
    waits, times = defaultdict(list), Counter[tuple[str, bool]]()
    for way in log.values():
        first = way[0][1]
        if not begin <= first < end + timedelta(days=1):
            continue
        seen = [one for one in way if (one[1] - first).total_seconds() <= result.followed_s]
        times.update((step, first >= middle) for step, _ in seen)
        for (source, left), (target, came) in pairwise(seen):
            waits[source, target, first >= middle].append((came - left).total_seconds())
    return waits, times


@pytest.mark.parametrize("seed", [1, 2])
def test_every_number_is_that_of_the_cases_in_their_first_days(tmp_path: Path, seed: int) -> None:
    log = wandering(seed)
    result = found(tmp_path, log)
    assert result.before and result.after and not result.note
    waits, times = the_oracle(log, result)
    cases = {False: result.before.cases, True: result.after.cases}
    assert sum(times["Enter", side] for side in (False, True)) == sum(cases.values())
    for step in result.steps:
        for side, said in ((False, step.before), (True, step.after)):
            assert said == pytest.approx(times[step.activity, side] / cases[side])
    assert {(one.source, one.target) for one in result.paths} == {pair[:2] for pair in waits}
    for one in result.paths:
        before, after = (waits[one.source, one.target, side] for side in (False, True))
        assert (one.moves_before, one.moves_after) == (len(before), len(after))
        for said, seen in ((one.wait_before_s, before), (one.wait_after_s, after)):
            cut = np.minimum(seen, np.quantile(seen, 0.99)).mean() if seen else None
            assert said == (pytest.approx(cut, abs=1e-3) if seen else None)
    moved = [one.impact_s for one in result.paths]
    assert moved == sorted(moved, key=abs, reverse=True)


def test_both_cohorts_had_the_time_that_nearly_all_cases_need(tmp_path: Path) -> None:
    """The cases of the last days, of which few have finished, are in neither."""
    log = wandering(3)
    result = found(tmp_path, log)
    assert result.before and result.after and result.followed_s
    cycles = sorted((way[-1][1] - way[0][1]).total_seconds() for way in log.values() if way[-1][0] == "Close")
    assert result.followed_s == pytest.approx(np.quantile(cycles, 0.95), rel=0.02)
    last = datetime.fromisoformat(result.after.last).replace(tzinfo=UTC) + timedelta(days=1)
    assert NIGHT_END - timedelta(seconds=result.followed_s + 86_400) < last
    assert last + timedelta(seconds=result.followed_s) <= NIGHT_END
    first = datetime.fromisoformat(result.after.first).replace(tzinfo=UTC)
    assert (last - first) % timedelta(weeks=1) == timedelta(0)
    assert result.before.finished / result.before.cases == pytest.approx(0.95, abs=0.03)
    assert result.after.finished / result.after.cases == pytest.approx(0.95, abs=0.05), "unfinished is not faster"


def slower(log: Log, since: datetime, by: timedelta) -> Log:
    """Everything after a Check comes later, in cases that begin from a day on."""

    def late(way: list[tuple[str, datetime]]) -> list[tuple[str, datetime]]:
        checked = next((i for i, (step, _) in enumerate(way) if step == "Check"), len(way))
        moved = way[: checked + 1] + [(step, at + by) for step, at in way[checked + 1 :]]
        return [one for one in moved if one[1] < NIGHT_END]

    return {case: late(way) if way[0][1] >= since else way for case, way in log.items()}


def test_a_path_that_got_slower_is_told_and_the_others_are_not(tmp_path: Path) -> None:
    since = datetime(2024, 5, 23, tzinfo=UTC)
    result = found(tmp_path, slower(wandering(4, a_day=6), since, timedelta(days=1)))
    late = path(result, "Check", "Close")
    assert late.slower and not late.faster and result.any
    assert late.wait_before_s and late.wait_after_s
    assert late.wait_after_s - late.wait_before_s == pytest.approx(86_400, rel=0.25)
    assert result.paths[0] == late and late.impact_s > 0
    assert not path(result, "Enter", "Check").told and not path(result, "Ask", "Close").told


def test_a_way_that_more_cases_take_is_told(tmp_path: Path) -> None:
    since = datetime(2024, 5, 23, tzinfo=UTC)
    log = {}
    for case, way in wandering(5, a_day=6).items():
        asked = [(step, at) for step, at in way if step != "Ask" or way[0][1] >= since]
        log[case] = asked
    result = found(tmp_path, log)
    ask = next(step for step in result.steps if step.activity == "Ask")
    assert ask.changed and ask.before < 0.02 and ask.after == pytest.approx(0.3, abs=0.1)
    new = path(result, "Check", "Ask")
    assert new.share_changed and new.share_before < 0.02
    assert not new.slower, "a wait that was hardly there before has not grown"


def test_a_wait_whose_average_fell_while_most_waits_grew_is_neither_slower_nor_faster(tmp_path: Path) -> None:
    """Before, everybody waits ten hours; now seven of ten wait eleven, the others none."""
    log: Log = {}
    for number in range(1000):
        at = NIGHT_END - timedelta(hours=4 * number)
        late = at >= datetime(2024, 5, 31, tzinfo=UTC)
        wait = (0.1 if number % 10 < 3 else 11) if late else 10 + number % 7 / 100
        times = (at, at + timedelta(hours=wait), at + timedelta(hours=wait + 12))
        log[str(number)] = [one for one in zip(("Enter", "Check", "Close"), times, strict=True) if one[1] < NIGHT_END]
    odd = path(found(tmp_path, log), "Enter", "Check")
    assert odd.wait_before_s and odd.wait_after_s and odd.wait_after_s < 0.85 * odd.wait_before_s
    assert not odd.told


def test_chance_is_hardly_ever_told(tmp_path: Path) -> None:
    told = [found(tmp_path, wandering(seed)).any for seed in range(10, 22)]
    assert sum(told) <= 1


def test_it_says_why_there_is_nothing_to_compare(tmp_path: Path) -> None:
    few = {case: way for case, way in wandering(1, a_day=1).items() if int(case.split("-")[0]) < 12}
    assert found(tmp_path, few).note.startswith("Too few cases")
    open_ones = {case: way[:1] for case, way in wandering(1).items()}
    result = found(tmp_path, open_ones)
    assert result.note.startswith("No case has finished") and not result.any and result.graph is None
    lost = {c: way[:1] if int(c.split("-")[0]) > 45 else way for c, way in wandering(1).items()}
    assert "does not seem to hold those weeks whole" in found(tmp_path, lost).note


def test_at_the_end_of_the_data_nothing_is_compared(tmp_path: Path) -> None:
    """The same cases without those that began in the last eight days: whatever is left then is no sample."""
    log = wandering(seed=1, a_day=5)
    assert found(tmp_path, log).note == ""
    ended = {case: way for case, way in log.items() if way and way[0][1] < NIGHT_END - timedelta(days=8)}
    assert found(tmp_path, ended).note.startswith("Hardly any case begins any more")


def test_the_rank_test_is_mann_and_whitneys_where_weeks_do_not_differ() -> None:
    dice = np.random.default_rng(1)
    values = dice.integers(0, 9, 400).astype(float)
    recent = np.arange(400) % 3 == 0
    test = of_ranks(values, recent, np.zeros(400, int))
    theirs = mannwhitneyu(values[recent], values[~recent], use_continuity=False, method="asymptotic")
    assert abs(test.size) / test.error == pytest.approx(norm.isf(theirs.pvalue / 2))


def test_weeks_that_differ_anyway_make_a_difference_less_sure() -> None:
    week = np.repeat(np.arange(16), 50)
    recent = week >= 12
    calm = np.where(recent, 1.0, 0.0) + np.tile(np.linspace(-1, 1, 50), 16)
    restless = calm + np.repeat(np.random.default_rng(2).normal(0, 1.5, 16), 50)
    sure, unsure = of_means(calm, recent, week), of_means(restless, recent, week)
    assert sure.p < 1e-6 < unsure.p
    assert unsure.error > 3 * sure.error
    assert of_means(np.ones(800), recent, week).p == 1.0, "no spread, no difference"
