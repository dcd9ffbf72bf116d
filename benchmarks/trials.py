"""What detectors are tried on: own worlds with one change or none, and simulated logs with a planted change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import duckdb

from benchmarks.worlds import APPROVE, STEPS, Change, Truth, World
from benchmarks.worlds.visits import PROCESS, visits
from benchmarks.worlds.world import FIRST_DAY
from mining.process import Process
from mining.store import Tables, derive
from mining.visits import Visits

QUIET_DAYS = 135  # of a world's log before the first night that is watched
WATCHED_DAYS = 365
FILE_QUIET_DAYS = 100  # the first days of a simulated log hold no change
AFTER_DAYS = 49  # of a log, from the change on
CHANGE_DAYS = 28  # an alert within so many nights of a change has found it

WORLDS = {
    "L": World(seed=0),
    "quiet": World(seed=0, noise=0.05),
    "13 a day": World(seed=0, orders=13),
    "Q": World(seed=0, queues=True),
}
SIZES = (1.1, 1.2, 1.3, 1.5, 2.0)
SLOWER = frozenset({"slower_step"})
WAITING = frozenset({"congestion", "slower_step"})


@dataclass(frozen=True)
class Planted:
    """A change, and what a detector may rightly say of it."""

    day: int  # of the log
    verdicts: frozenset[str]
    steps: frozenset[str]  # empty: it is no step's
    effect: float | None = None  # relative, of the mean cycle time; worlds tell it by their truth
    ramp: int = 0  # days over which it grows: by so much later it may be told
    until: int | None = None
    truth: Truth | None = None


@dataclass(frozen=True)
class WorldTrial:
    """An own world, to be watched night by night."""

    group: str  # trials of a group are scored together
    world: World
    verdicts: frozenset[str] = SLOWER  # the right ones
    steps: tuple[str, ...] | None = None  # the right ones; None: the changed one
    first_day: ClassVar[date] = FIRST_DAY
    process: ClassVar[Process] = PROCESS

    @property
    def name(self) -> str:
        """No other trial has it."""
        return f"{self.group}, {self.world.seed}"

    @cached_property
    def visits(self) -> Visits:
        return visits(self.world.log())

    def visits_until(self, day: int) -> Visits:
        """As a night knew them: nothing of later days."""
        return visits(self.world.log().until(day))

    @cached_property
    def planted(self) -> Planted | None:
        if not self.world.changes:
            return None
        change, truth = self.world.changes[0], self.world.truth()
        steps = (STEPS[change.step or 0],) if self.steps is None else self.steps
        return Planted(change.day, self.verdicts, frozenset(steps), truth.effect, change.ramp, change.until, truth)

    @property
    def nights(self) -> range:
        """The days of the log after which it is watched."""
        return range(QUIET_DAYS, self.world.days)


@dataclass(frozen=True)
class FileTrial:
    """NAME.parquet, with NAME.truth.json beside it; goes through the store, as a night does."""

    path: Path

    @property
    def group(self) -> str:
        return self.path.stem

    name = group

    @cached_property
    def truth(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.path.with_suffix(".truth.json").read_text())
        return found

    @property
    def first_day(self) -> date:
        return date.fromisoformat(self.truth["first_day"])

    @property
    def nights(self) -> range:
        return range(FILE_QUIET_DAYS, int(self.truth["days"]))

    @cached_property
    def process(self) -> Process:
        """As its process file would say it: every other column is a segment."""
        columns = {"case": "case_id", "activity": "activity", "completed": "timestamp", "started": "start_timestamp"}
        names = duckdb.sql(f"select * from '{self.path}' limit 0").columns
        keys = {
            "process": "trial",
            "title": self.group,
            "source": {"files": str(self.path)},
            "columns": columns | {"resource": "resource"},
            "segments": [name for name in names if name not in (*columns.values(), "resource")],
            "ends": self.truth["ends"],
            "timezone": "UTC",
        }
        return Process.model_validate(keys)

    @cached_property
    def visits(self) -> Visits:
        end = datetime.combine(self.first_day, time(), UTC) + timedelta(days=self.truth["days"])
        segments = "".join(f', "{name}" as "source.{name}"' for name in self.process.segments)
        with TemporaryDirectory() as scratch:
            batch = Path(scratch) / "batch.parquet"
            duckdb.execute(
                f"""copy (select case_id, activity, timestamp as completed, start_timestamp as started, resource,
                    null::double as order_key, 'log' as file, row_number() over () as row{segments} from '{self.path}'
                    where timestamp < '{end:%Y-%m-%d}') to '{batch}' (format parquet)"""
            )
            derive(self.process, [batch], end, Path(scratch) / "tables")
            return Visits.of(Tables(Path(scratch) / "tables"), self.process)

    @cached_property
    def planted(self) -> Planted | None:
        if self.truth["kind"] == "null":
            return None
        day, until = (self._day(self.truth[key]) for key in ("changed_on", "until"))
        right = {"mix": frozenset({"mix_shift"}), "route": frozenset({"more_rework"}), "capacity": WAITING}
        step = [self.truth["step"]] if self.truth["step"] and self.truth["kind"] != "mix" else []
        steps = frozenset(self.truth.get("steps_of_pool", step))
        verdicts, effect = right.get(self.truth["kind"], SLOWER), self.truth["true_effect"]
        return Planted(day or 0, verdicts, steps, effect, self.truth["gradual_days"], until)

    def _day(self, told: str | None) -> int | None:
        return (date.fromisoformat(told) - self.first_day).days if told else None


Trial = WorldTrial | FileTrial


def null_trials(years: int) -> Iterator[WorldTrial]:
    """So many years of worlds in which nothing changes, a year each, in turn."""
    for year in range(years):
        name = list(WORLDS)[year % len(WORLDS)]
        yield WorldTrial(name, replace(WORLDS[name], seed=1000 + year, days=QUIET_DAYS + WATCHED_DAYS))


def holiday_trials(years: int) -> Iterator[WorldTrial]:
    """Years with a holiday every second week."""
    for year in range(years):
        yield WorldTrial("26 holidays", World(seed=2000 + year, days=QUIET_DAYS + WATCHED_DAYS, holidays=26))


def steady_trials(years: int) -> Iterator[WorldTrial]:
    """Years of queues to which as many orders come at the end as at the beginning."""
    for year in range(years):
        world = replace(WORLDS["Q"], seed=3000 + year, days=QUIET_DAYS + WATCHED_DAYS, growth=0.0)
        yield WorldTrial("Q without growth", world)


def slower_trials(each: int) -> Iterator[WorldTrial]:
    """So many of every world and size, each a world of its own: one step's work takes longer from a day on."""
    groups = [(name, world, size) for name, world in WORLDS.items() for size in SIZES]
    for place, (name, world, size) in enumerate(groups):
        for number in range(each):
            change = Change("slow", 0, size, step=number % 5)
            yield WorldTrial(f"{name} +{size - 1:.0%}", _with(world, 100 * place + number, change))


def other_trials(each: int) -> Iterator[WorldTrial]:
    """So many of every other kind of change."""
    delays, queues, loops = World(seed=0), WORLDS["Q"], World(seed=0, rework=0.1)
    for number in range(each):
        step = number % 5
        yield WorldTrial("ramp to +50 % in 45 days", _with(delays, number, Change("slow", 0, 1.5, step=step, ramp=45)))
        yield WorldTrial("segment B +50 %", _with(delays, number, Change("slow", 0, 1.5, step=step, segment="B")))
        mix = Change("mix", 0, 0.5)
        yield WorldTrial("mix: B 25 to 50 %", _with(delays, number, mix), verdicts=frozenset({"mix_shift"}), steps=())
        back = Change("rework", 0, 0.25)
        more, loop = frozenset({"more_rework"}), (STEPS[0], STEPS[APPROVE])
        yield WorldTrial("rework 10 to 25 %", _with(loops, number, back), verdicts=more, steps=loop)
        yield WorldTrial(
            "a fifth of the people", _with(queues, number, Change("capacity", 0, 0.8, step=step)), verdicts=WAITING
        )
        surge = Change("surge", 0, 1.3)
        yield WorldTrial("orders +30 %", _with(queues, number, surge), verdicts=frozenset({"congestion"}), steps=STEPS)
        strike, missing = Change("strike", 0, until=3), frozenset({"absence", "congestion"})
        yield WorldTrial("three days' strike", _with(delays, number, strike), verdicts=missing, steps=STEPS)


def _with(world: World, number: int, change: Change) -> World:
    """The world of a number with the change (its days count from the change on), on another day of the week each time."""
    day = QUIET_DAYS + 165 + 11 * number % 60
    until = day + change.until if change.until else None
    return replace(
        world, seed=5000 + number, days=day + AFTER_DAYS + change.ramp, changes=(replace(change, day=day, until=until),)
    )


def file_trials(folder: Path) -> list[FileTrial]:
    """Each NAME.parquet of a folder with its NAME.truth.json."""
    return [FileTrial(path) for path in sorted(folder.glob("*.parquet")) if path.with_suffix(".truth.json").exists()]
