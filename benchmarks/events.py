"""Event logs of any size, as a batch of the store holds them: an order desk, 16 activities, cases interleaved in time.

The desk is an endless stream of events in the order in which they happen. A log of n events is its first n; the night
after that log is what follows, with some late events into cases that are over. One seed gives the same bytes on every run.
Memory does not grow with the log: cases are made a chunk at a time, and only what happens after the next chunk has begun
is carried over.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

SHAPE = 1  # raised when the same seed gives other events: files of an older shape are not used again
SEED = 7
START_US = 1_704_067_200_000_000  # 2024-01-01, UTC
YEARS_US = 2 * 365 * 24 * 3600 * 1_000_000  # the time over which a log is spread
WALKS, VARIANTS = 400_000, 5_000  # cases run along the commonest ways of so many walks through FLOWS
LONGEST = 40  # events of a case
LATE_SHARE = 0.01  # of a night's events, into cases that are over
HOUR_US = 3600 * 1_000_000

REGIONS = ("north", "south", "east", "west", "export")
CHANNELS = ("web", "phone", "shop", "partner")
PEOPLE_PER_ACTIVITY = 13  # 15 activities by people: about 200 resources
ENDS = ("Close order", "Cancel order")
TIMER = ("Receive payment", "Close order")  # always exactly a week

# What may follow what: chance, median or mean hours, and the spread: a lognormal's sigma, 0 for exponential, < 0 for a timer.
FLOWS: dict[str, tuple[tuple[str, float, float, float], ...]] = {
    "Receive order": (
        ("Check order", 0.47, 2.0, 0.9),
        ("Reserve stock", 0.50, 5.0, 0.7),
        ("Cancel order", 0.03, 12.0, 0),
    ),
    "Check order": (
        ("Ask customer", 0.18, 3.0, 0.7),
        ("Check credit", 0.32, 1.5, 0.6),
        ("Approve order", 0.48, 4.0, 0.8),
        ("Cancel order", 0.02, 8.0, 0),
    ),
    "Ask customer": (
        ("Check order", 0.90, 30.0, 0),
        ("Ask customer", 0.06, 48.0, 0),
        ("Cancel order", 0.04, 72.0, 0.5),
    ),
    "Check credit": (("Approve order", 0.95, 5.0, 0.8), ("Cancel order", 0.05, 10.0, 0.6)),
    "Approve order": (("Reserve stock", 0.93, 1.0, 0.9), ("Check order", 0.07, 6.0, 0)),
    "Reserve stock": (("Pick goods", 0.86, 9.0, 0.8), ("Order from supplier", 0.14, 7.0, 0.7)),
    "Order from supplier": (("Receive goods", 1.0, 90.0, 0.5),),
    "Receive goods": (("Reserve stock", 0.30, 2.0, 0), ("Pick goods", 0.70, 6.0, 0.7)),
    "Pick goods": (("Pack goods", 0.93, 2.5, 0.7), ("Reserve stock", 0.07, 3.0, 0)),
    "Pack goods": (("Ship goods", 0.92, 8.0, 0.6), ("Pick goods", 0.08, 2.0, 0)),
    "Ship goods": (("Send invoice", 0.98, 10.0, 0.7), ("Close order", 0.02, 240.0, 0.4)),
    "Send invoice": (("Receive payment", 0.82, 150.0, 0.8), ("Send reminder", 0.18, 336.0, 0.2)),
    "Send reminder": (("Receive payment", 0.75, 100.0, 0), ("Send reminder", 0.25, 168.0, 0.3)),
    "Receive payment": (("Close order", 1.0, 168.0, -1),),
    "Close order": (),
    "Cancel order": (),
}
ACTIVITIES = tuple(FLOWS)
_CODE = {name: code for code, name in enumerate(ACTIVITIES)}

Integers = NDArray[np.int64]
Columns = dict[str, Integers]


@dataclass(frozen=True)
class Desk:
    """The order desk at the pace that spreads `events` over two years."""

    events: int
    seed: int = SEED

    @cached_property
    def paths(self) -> tuple[Integers, Integers, NDArray[np.float64]]:
        """The ways of running: activity codes (one row each, -1 after the end), lengths, and cumulated chances."""
        random = np.random.default_rng([self.seed, 0])
        walked = np.full((WALKS, LONGEST), -1, dtype=np.int64)
        now = np.zeros(WALKS, dtype=np.int64)
        for position in range(LONGEST):
            walked[:, position] = now
            now = _next(now, random)
        ended = walked[walked[:, -1] < 0]
        told_apart = ended @ random.integers(1, 2**62, LONGEST)  # one number per path: quicker than comparing rows
        _numbers, first, counts = np.unique(told_apart, return_index=True, return_counts=True)
        most = np.argsort(-counts, kind="stable")[:VARIANTS]
        paths = ended[first[most]]
        return paths, (paths >= 0).sum(axis=1), np.cumsum(counts[most] / counts[most].sum())

    @cached_property
    def interval_us(self) -> float:
        """Time from one new case to the next."""
        _paths, lengths, cumulated = self.paths
        return YEARS_US / (self.events / float(np.diff(cumulated, prepend=0.0) @ lengths))

    @cached_property
    def cases_per_chunk(self) -> int:
        return max(500, min(100_000, self.events // 100))

    def stream(self) -> Iterator[Columns]:
        """Events in the order of their completion, without end."""
        carried: list[Columns] = []
        chunk = 0
        while True:
            begun = _joined([*carried, self._cases(chunk)])
            chunk += 1
            order = np.argsort(begun["completed"], kind="stable")
            begun = {name: values[order] for name, values in begun.items()}
            settled = int(np.searchsorted(begun["completed"], self._chunk_start(chunk)))
            yield {name: values[:settled] for name, values in begun.items()}
            carried = [{name: values[settled:] for name, values in begun.items()}]

    def log(self) -> Iterator[Columns]:
        """The first `events` events."""
        return _slice(self.stream(), 0, self.events)

    def night(self, events: int) -> Iterator[Columns]:
        """The `events` events that come in after the log: some of them late, into the older half of the cases."""
        late = max(1, int(events * LATE_SHARE))
        yield from _slice(self.stream(), self.events, events - late)
        yield self._late(late)

    def _chunk_start(self, chunk: int) -> int:
        return START_US + int(chunk * self.cases_per_chunk * self.interval_us)

    def _cases(self, chunk: int) -> Columns:
        """All events of the cases that begin in one chunk, case after case."""
        random = np.random.default_rng([self.seed, 1, chunk])
        paths, lengths, cumulated = self.paths
        cases = chunk * self.cases_per_chunk + np.arange(self.cases_per_chunk)
        starts = START_US + ((cases + random.random(len(cases))) * self.interval_us).astype(np.int64)
        variant = np.minimum(np.searchsorted(cumulated, random.random(len(cases))), len(lengths) - 1)
        length = lengths[variant]
        of = np.repeat(np.arange(len(cases)), length)
        first = np.cumsum(length) - length
        activity = paths[variant[of], np.arange(len(of)) - first[of]]
        region, channel = _segments(cases)
        waits = _waits(activity, region[of], random)
        waits[first] = 0
        elapsed = np.cumsum(waits)
        return {
            "case": cases[of],
            "activity": activity,
            "completed": starts[of] + elapsed - elapsed[first][of],
            "resource": _resources(activity, random),
            "region": region[of],
            "channel": channel[of],
        }

    def _late(self, events: int) -> Columns:
        """Entered long after they happened: the customer was asked something in the first days of an old case."""
        random = np.random.default_rng([self.seed, 2])
        cases = random.integers(0, int(YEARS_US / self.interval_us / 2), events)
        region, channel = _segments(cases)
        activity = np.full(events, _CODE["Ask customer"])
        happened = START_US + ((cases + 1) * self.interval_us).astype(np.int64)
        return {
            "case": cases,
            "activity": activity,
            "completed": happened + (random.exponential(24.0, events) * HOUR_US).astype(np.int64),
            "resource": _resources(activity, random),
            "region": region,
            "channel": channel,
        }


def _table(value: int) -> NDArray[np.float64]:
    """One number of FLOWS per pair of activities."""
    table = np.zeros((len(ACTIVITIES), len(ACTIVITIES)))
    for source, moves in FLOWS.items():
        for target, *numbers in moves:
            table[_CODE[source], _CODE[target]] = numbers[value]
    return table


_CHANCES, _HOURS, _SPREAD = (_table(value) for value in range(3))
_CUMULATED = np.cumsum(_CHANCES, axis=1)
_FINAL = np.array([not FLOWS[name] for name in ACTIVITIES])
_SLOWNESS = np.array([1.0, 1.0, 1.1, 0.9, 1.6])  # by region


def _next(now: Integers, random: np.random.Generator) -> Integers:
    """What follows each activity; -1 after the end."""
    after = np.full(len(now), -1)
    going_on = np.flatnonzero((now >= 0) & ~_FINAL[now])
    drawn = (_CUMULATED[now[going_on]] < random.random(len(going_on))[:, None]).sum(axis=1)
    after[going_on] = np.minimum(drawn, len(ACTIVITIES) - 1)
    return after


def _segments(cases: Integers) -> tuple[Integers, Integers]:
    """Region and channel, told by the case's number, so that a late event has those of its case."""
    mixed = (cases * 2_654_435_761) % 4_294_967_296
    return np.maximum(mixed % 9 - 4, 0), np.maximum(mixed // 9 % 6 - 2, 0)


def _waits(activity: Integers, region: Integers, random: np.random.Generator) -> Integers:
    """Microseconds since the event before; meaningless for the first event of a case."""
    pair = np.roll(activity, 1) * len(ACTIVITIES) + activity
    hours, spread = _HOURS.ravel()[pair], _SPREAD.ravel()[pair]
    lognormal = np.exp(spread * random.standard_normal(len(pair)))
    factor = np.where(spread > 0, lognormal, random.standard_exponential(len(pair))) * _SLOWNESS[region]
    waits: Integers = np.maximum(np.where(spread < 0, hours, hours * factor) * HOUR_US, 1_000_000).astype(np.int64)
    return waits


def _resources(activity: Integers, random: np.random.Generator) -> Integers:
    """A member of the activity's team, the first ones oftener; 0 is the system, which closes orders."""
    member = (random.random(len(activity)) ** 1.5 * PEOPLE_PER_ACTIVITY).astype(np.int64)
    return np.where(activity == _CODE["Close order"], 0, 1 + activity * PEOPLE_PER_ACTIVITY + member)


def _joined(parts: list[Columns]) -> Columns:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _slice(stream: Iterator[Columns], skip: int, take: int) -> Iterator[Columns]:
    """`take` rows of a stream after the first `skip`."""
    for chunk in stream:
        rows = len(chunk["case"])
        yield {name: values[skip : skip + take] for name, values in chunk.items()}
        take -= max(0, min(rows - skip, take))
        skip = max(0, skip - rows)
        if not take:
            return


_ARROW = pa.schema([(name, pa.int64()) for name in ("case", "activity", "completed", "resource", "region", "channel")])


def write(rows: Iterator[Columns], into: Path, source: str) -> None:
    """Write rows as a batch of the store: the columns of the gate, Parquet as DuckDB writes it."""
    into.parent.mkdir(parents=True, exist_ok=True)
    beside = into.with_suffix(".tmp")
    batches = (pa.record_batch(chunk, schema=_ARROW) for chunk in rows)
    with duckdb.connect(config={"threads": 2, "memory_limit": "1GB"}) as db:
        db.register("happened", pa.RecordBatchReader.from_batches(_ARROW, batches))
        db.execute(
            f"""copy (select 'order-' || lpad("case"::varchar, 8, '0') as case_id, {_named("activity", ACTIVITIES)},
                make_timestamptz(completed) as completed, null::timestamptz as started,
                case when resource = 0 then 'system' else 'clerk-' || lpad(resource::varchar, 3, '0') end as resource,
                null::double as order_key, '{source}' as file, row_number() over () as "row",
                {_named("region", REGIONS, "source.region")}, {_named("channel", CHANNELS, "source.channel")}
                from happened) to '{beside}' (format parquet)"""
        )
    beside.replace(into)


def _named(column: str, names: tuple[str, ...], called: str = "") -> str:
    return f"""{list(names)!r}[{column} + 1] as "{called or column}" """


def log_file(folder: Path, events: int, seed: int) -> Path:
    return folder / f"events-{events}-seed{seed}-shape{SHAPE}.parquet"


def night_file(folder: Path, events: int, night: int, seed: int) -> Path:
    return folder / f"events-{events}-night-{night}-seed{seed}-shape{SHAPE}.parquet"


def provide(folder: Path, events: int, night: int = 0, seed: int = SEED) -> Path:
    """The file of a log, or of the night after it: written if it is not there yet."""
    path = night_file(folder, events, night, seed) if night else log_file(folder, events, seed)
    if not path.exists():
        desk = Desk(events, seed)
        write(desk.night(night) if night else desk.log(), path, source=f"{'night' if night else 'orders'}.csv")
    return path


def three_columns(log: Path) -> Path:
    """The same log as the gate keeps it where the source has no other columns: written if it is not there yet."""
    path = log.with_name(log.name.replace("-seed", "-three-columns-seed"))
    if not path.exists():
        beside = path.with_suffix(".tmp")
        with duckdb.connect(config={"threads": 2, "memory_limit": "1GB"}) as db:
            db.execute(
                f"""copy (select * exclude ("source.region", "source.channel") replace (null::varchar as resource) from '{log}')
                to '{beside}' (format parquet)"""
            )
        beside.replace(path)
    return path


if __name__ == "__main__":  # python -m benchmarks.events FOLDER EVENTS [NIGHT], or: three-columns LOG
    if sys.argv[1] == "three-columns":
        print(three_columns(Path(sys.argv[2])))
    else:
        print(provide(Path(sys.argv[1]), *(int(number) for number in sys.argv[2:])))
