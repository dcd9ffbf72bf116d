"""The derived tables of a night, opened for measuring: Ibis expressions, the same on any engine Ibis knows."""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from mining.store.generations import WHOLE, Generations
from mining.store.session import MEMORY
from mining.store.steps import with_before
from mining.store.tallies import in_sample, time_class


class Tables:
    """The tables of one night.

    steps: case, position (1..), activity, resource, completed_us, started_us, after, enabled_us (the step before: its
        activity and completion; null for the first), wait_us, processing_us (null without start), sojourn_us.
    sample: case, position, activity, started_us, completed_us of the steps of a fixed part of the cases, half a million at
        most; of all, where there are no more than two million.
    cases: case, case_id, first_us, last_us, events, simultaneous (events at the time of the one before), variant,
        last_activity, stop (position at which the clock stood still; null while open), cycle_us (null while open), then one
        column per segment: `segment_1`, ...
    cycles: variant, stop, cycle_class, us, n, total_us: the cycle times by way of running; stop, cycle_class (equal for times
        that the tallies do not tell apart), us and total_us are null for open cases.
    variants: variant, activities (codes in order), path (their places in the order of names), repeats (activities
        beyond the first of their name).
    waits, stays, weeks, work, recent: see `mining.store.tallies`; `us` is the mean of the times in a class.

    Raises:
        RuntimeError: there are no tables in the folder.
    """

    def __init__(self, folder: Path) -> None:
        import ibis  # noqa: PLC0415 - a third of a second, not needed to draw what was measured

        self.folder = folder
        self._kept = Generations(folder)
        state = self._kept.read()
        if state is None:
            raise RuntimeError(f"{folder}: the derived tables are missing or damaged; run the night again")
        self.state = state
        self.engine = ibis.duckdb.connect(memory_limit=MEMORY, temp_directory=str(folder / "spill"))
        self.names = self.names_of("activity")
        for name, query in self._views().items():
            self.engine.con.execute(f"create view {name} as {query}")
        self.steps, self.cases, self.variants = map(self.engine.table, ("steps", "cases", "variants"))
        self.waits, self.stays, self.weeks = map(self.engine.table, ("waits", "stays", "weeks"))
        self.work, self.recent, self.cycles = map(self.engine.table, ("work", "recent", "cycles"))

    @cached_property
    def sample(self) -> Any:
        return self.engine.table("sample").cache()

    @cached_property
    def ways(self) -> Any:
        """variant, stop, cases: how many run so and stopped there (null: are open)."""
        counted = self.cycles.group_by("variant", "stop").aggregate(cases=self.cycles.n.sum().cast("int64"))
        return counted.cache()

    @cached_property
    def open(self) -> Any:
        """The open cases: state (activity last completed), first_us, entered_us (when that was), us (since then), us_class."""
        return self.engine.table("still_open").cache()

    @property
    def night_end_us(self) -> int:
        return self.state.night_end_us

    def count_cases(self) -> int:
        """How many cases there are."""
        return int(self.rows(self.cases.count().name("n").as_table())[0]["n"])

    def names_of(self, kind: str) -> dict[int, str]:
        """Names by code of `activity`, `resource`, `segment_1`, ..."""
        query = f"select code, name from {self._kept.sql(self.state.generations[-1], 'names')} where kind = ?"
        return dict(self.engine.con.execute(query, [kind]).fetchall())

    def _places(self) -> list[int]:
        """For each code of an activity, from 1 on, its place in the order of the names."""
        by_name = sorted(self.names, key=lambda code: self.names[code])
        place = {code: number for number, code in enumerate(by_name, 1)}
        return [place[code] for code in sorted(place)] or [0]

    def _views(self) -> dict[str, str]:
        """SQL of each table, in an order in which each finds those it needs."""
        kept, state = self._kept, self.state
        whole = {name: kept.sql(state.generations[-1], name) for name in WHOLE}
        places = f"list_transform(activities, lambda code: {self._places()}[code])"
        power = state.sample_power
        chosen = f'(select "case" from kept_cases where {in_sample(power)})'
        sampled = f'select * from ({kept.live(state.generations, "sample")}) semi join {chosen} using ("case")'
        return {
            "kept_steps": kept.live(state.generations, "steps"),
            "names": f"from {whole['names']}",
            "kept_cases": kept.live(state.generations, "cases"),
            "steps": timed("from kept_steps"),
            "sample": f"select {_SAMPLED} from ({sampled if power else kept.live(state.generations, 'steps')})",
            "waits": by_mean(f"from {whole['waits']}"),
            "stays": by_mean(f"from {whole['stays']}"),
            "weeks": f"from {whole['weeks']}",
            "work": f"from {whole['work']}",
            "recent": f"from {whole['recent']}",
            "cases": _learned(state.night_end_us) if state.learned else "from kept_cases",
            "still_open": _open(state.night_end_us, state.digits),
            "kept_variants": kept.variants(state.generations),
            "kept_cycles": f"from {whole['cycles']}",
            "cycles": cycles_of_cases(state.digits) if state.learned else _CYCLES,
            "variants": f"select variant, activities, {places} as path, {_REPEATS} from kept_variants",
        }

    def rows(self, expression: Any) -> list[dict[str, Any]]:
        """The rows of a small result."""
        # Not `to_pyarrow`, which imports pandas: a second of every process.
        found = self.engine.con.sql(self.engine.compile(expression)).to_arrow_table().to_pylist()
        whole = {name for name, kind in expression.schema().items() if kind.is_integer()}
        return [{name: _plain(value, name in whole) for name, value in row.items()} for row in found]


def _plain(value: Any, whole: bool) -> Any:
    """Sums of integers come as decimals of any length."""
    return (int(value) if whole else float(value)) if isinstance(value, Decimal) else value


def _open(night_end_us: int, digits: int) -> str:
    return f"""select last_activity as state, first_us, last_us as entered_us, {night_end_us} - last_us as us,
        {time_class(f"({night_end_us} - last_us)", digits)} as us_class from cases where stop is null"""


def by_mean(classes: str) -> str:
    """SQL: classes of time by the mean of the times in each."""
    return f"select * exclude (us), total_us // n as us from ({classes})"


def timed(steps: str) -> str:
    """SQL: kept steps with the step before and their times."""
    return f"select *, {_TIMED} from ({with_before(steps)})"


def cycles_of_cases(digits: int) -> str:
    """Cycle times counted from the cases: where it is learned which are over, another night may judge every one of them anew."""
    return f"""select variant, stop, {time_class("cycle_us", digits)} as cycle_class, count(*) as n,
        sum(cycle_us) // count(*) as us, sum(cycle_us)::bigint as total_us from cases group by all"""


_SAMPLED = '"case", position, activity, started_us, completed_us'
_TIMED = """case when enabled_us is not null then greatest(0, coalesce(started_us, completed_us) - enabled_us) end as wait_us,
    completed_us - started_us as processing_us, completed_us - enabled_us as sojourn_us"""


# When final activities are declared, it is the variant that says where the clock stands still.
_CYCLES = """select variant, case when us is not null then stop end as stop, us as cycle_class, n,
    case when us is not null then total_us // n end as us, case when us is not null then total_us end as total_us
    from kept_cycles join kept_variants using (variant)"""
_REPEATS = "len(activities) - len(list_distinct(activities)) as repeats"


def _learned(night_end_us: int) -> str:
    """Cases where no final activities are declared: a case is over when, of the cases that were silent for as long after the
    same step, at most 1 in 20 went on; or when it is silent for longer than 99 % of all waits between two events.
    """
    return f"""
        with shortest as (select us, sum(n) over (order by us) as upto, sum(n) over () as moves from stays),
        usual as (select coalesce(min(us) filter (upto >= 0.99 * moves), 0) as longest from shortest),
        silent as (select last_activity, count(*) as cases from kept_cases
            where {night_end_us} - last_us > (select longest from usual) group by last_activity),
        waited as (select after, us, sum(n) over (partition by after order by us desc) as place from stays),
        enough as (
            select last_activity, coalesce(max(us) filter (place > cases // 19), 0) as silence_us
            from silent left join waited on after = last_activity group by last_activity),
        judged as (
            select k.*, {night_end_us} - last_us > least(coalesce(silence_us, longest), longest) as over
            from kept_cases k left join enough using (last_activity) cross join usual)
        select * exclude (over) replace (
            case when over then events end as stop, case when over then last_us - first_us end as cycle_us)
        from judged"""
