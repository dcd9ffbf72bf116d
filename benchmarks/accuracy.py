"""How far alerts can be trusted: `make bench-accuracy`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from benchmarks.best_possible import most
from benchmarks.machine import THREADS
from benchmarks.plain_score import limits_reached, ways_on
from benchmarks.report import RESULTS, Asked, tell
from benchmarks.rivals import CYCLE_TIME, RECIPES, Floats, series
from benchmarks.runs import ROOT
from benchmarks.score_card import beside, contenders, on_planted, planted, rate_ratios, with_change, without_change
from benchmarks.scores import Incident, Score, score
from benchmarks.trials import (
    WORLDS,
    FileTrial,
    Trial,
    WorldTrial,
    file_trials,
    holiday_trials,
    null_trials,
    other_trials,
    slower_trials,
    steady_trials,
)
from mining.calendar import DAY_US, Clock, day_edges, wall_clock
from mining.exposure import Exposure, clock_of
from mining.findings import Alert, Turn
from mining.regressions import play
from mining.regressions.expected import Pace

OURS = "Headrace"
PLAIN = "exits by expected, plain"
YEARS = 100
KEPT = TypeAdapter(list[Score])
SCENARIOS = Path(os.environ.get("HEADRACE_SCENARIOS", ROOT.parent / "shared" / "scenarios"))
NOTES = """Every night knows only what had happened by its end. *L*: five steps that take their time, 54 orders a day, days
that are good and bad for work (10 % in a week), nine holidays that nobody announced, growth; *quiet*: the same with 4 %;
*13 a day*: with few orders; *Q*: queues before few people, 70 to 90 % busy. A process-year is a year of nights of one such
process. *Told in n*: an alert opened within so many nights of the change; *right*: of those told within 28, by their first
night; *right in 28 n*: of all changes, those of which an alert, one that was open before included, had the right verdict and
step when it was last told in these nights. *Split*: into mix, visits and duration, against the same world without the change;
off by so many percentage points of the mean cycle time; *told / true*: its largest part as it was told, all changes found
together, by the true one, with its standard error. *With a direction*: of the largest parts, those beyond chance; of the
others, messages give no direction. That of an absence, such as the strike, is shown to nobody.
*Effect*: on the mean cycle time.

What counts as false, and is not quite: an *absence* told where the world had three holidays in a row; in *Q*, steps at which
people were slow for weeks. *Congestion* is told of waits that are longer indeed. The *rate ratio* of a log as it was known then
is that of the same days with hindsight, to the last exit: every fourth week's night, against the pace of the eight weeks before.
With few cases it is a little below 1, as the pace is fitted to chance, too; in *Q* it is so as queues are longer after a year of
growth: *without growth* they are not.

*Exits by expected, plain*, is the score that ours grew from, as its design has it: no share of the other steps taken off, every
age counted alike, nothing asked of causes; an alarm from 3.5 on. What it and ours tell on the same nights says how much is the
detector and how much the world.

The other methods watch what is completed, each as it is used: a chart of daily means with three standard deviations; the last
week 20 % above the four before; Mann-Whitney, 7 days against 56, p < 0.001 and 10 %; change points of daily means (`ruptures`,
least squares with BIC, and 10 %). Alarms of theirs less than a fortnight apart are one false alert, and one that was on before a
change does not count as telling it."""
MOST = """A detector that knows all of a world but whether, where and when a step becomes slower: how noisy days are, how they
depend on one another, at one step and between steps, and what a stay can tell at most. It scores slow-downs that have lasted
for the given days by generalised least squares, against a base of eight weeks, and alarms once a year for nothing. Simulated
with normal errors; no holidays, no hours, nothing to be learned. No strict bound: which days it looks at moves a cell by some
points; but whoever has to learn all that will hardly tell more."""
QUIET_NIGHTS = 14  # a recipe's alarms less than so many nights apart are one incident


def exposure_of(trial: Trial, clock: Clock) -> Exposure:
    return Exposure.of(trial.visits, clock, trial.process.zone)


def ours(trial: Trial, exposure: Exposure) -> tuple[Incident, ...]:
    """What the detector would have told, night by night."""
    nights = _rows(trial, exposure)
    told = play(exposure, range(nights.start, nights.stop), trial.process.process, exposure_of(trial, wall_clock()))
    lives: dict[str, list[Alert]] = {}
    for alert in (alert for night in told for alert in night):
        lives.setdefault(alert.alert, []).append(alert)
    return tuple(_incident(life, trial.first_day) for life in lives.values())


def _rows(trial: Trial, exposure: Exposure) -> slice:
    """The nights of the trial, as rows."""
    shift = (exposure.first_day - trial.first_day).days
    return slice(trial.nights.start - shift, trial.nights.stop - shift)


def _incident(life: Sequence[Alert], first: date) -> Incident:
    """The verdict and the step are those of its first night: what people are woken with; `tellings` has those of each."""
    opened = life[0]
    nights = [(date.fromisoformat(alert.night) - first).days for alert in life]
    resolved = nights[-1] if life[-1].event is Turn.RESOLVED else None
    split = [alert.decomposition for alert, night in zip(life, nights, strict=True) if night <= nights[0] + 28]
    tellings = tuple((night, str(alert.verdict), alert.step) for alert, night in zip(life, nights, strict=True))
    kept = next(filter(None, reversed(split)), None)
    return Incident(nights[0], resolved, str(opened.verdict), opened.step, kept, tellings)


def rivals(trial: Trial, exposure: Exposure) -> Iterator[tuple[str, tuple[Incident, ...]]]:
    """What others would have told: the plain score; and the recipes, on the cycle times alone, and on every step too."""
    yield PLAIN, tuple(alarms(limits_reached(exposure)[_rows(trial, exposure)], ways_on(exposure), trial.nights))
    watched = series(trial.visits, day_edges(trial.process.zone, trial.first_day, trial.nights.stop))
    names = sorted(watched, key=CYCLE_TIME.__ne__)
    for recipe, limit_reached in RECIPES.items():
        reached = np.array([[limit_reached(watched[name], night) for name in names] for night in trial.nights])
        yield f"{recipe}, cycle time", tuple(alarms(reached[:, :1], names, trial.nights))
        yield f"{recipe}, every step", tuple(alarms(reached, names, trial.nights))


def alarms(reached: Floats, names: Sequence[str], nights: range) -> Iterator[Incident]:
    """Incidents: from the first alarm of any series until none has alarmed for a fortnight; the worst series names the step.

    reached: [night, series], how many times the limit is reached.
    """
    on = np.flatnonzero(reached.max(axis=1) >= 1)
    for block in np.split(on, np.flatnonzero(np.diff(on) >= QUIET_NIGHTS) + 1):
        if len(block):
            quiet = nights.start + int(block[-1]) + QUIET_NIGHTS
            step = names[int(reached[block[0]].argmax())]
            yield Incident(nights.start + int(block[0]), quiet if quiet < nights.stop else None, None, step or None)


def last_weeks(trial: WorldTrial) -> tuple[float, float]:
    """(exits of the last 7 days, those expected by the pace of the 56 days before), of every fourth week.

    Each by the log as it was at its end: if visits that were open then were forgotten, the quotient would be about 1.2.
    """
    seen = expected = 0.0
    for end in range(trial.nights.stop, trial.nights.start, -28):
        visits = trial.visits_until(end)
        exposure = Exposure.of(visits.since(visits.night_end_us - 70 * DAY_US), wall_clock(), trial.process.zone)
        days = exposure.days
        pace = Pace.of(exposure, np.arange(days - 63, days - 7))
        seen += float(exposure.flow_exits[days - 7 :].sum())
        expected += sum(float(pace.expected(exposure, day).sum()) for day in range(days - 7, days))
    return seen, expected


def watch_ours(trial: Trial, exposure: Exposure | None = None) -> Score:
    """The detector on one trial."""
    exposure = exposure or exposure_of(trial, clock_of(trial.process, trial.visits))
    found = score(OURS, trial.group, ours(trial, exposure), trial.planted, trial.nights)
    if trial.planted or isinstance(trial, FileTrial):
        return found
    return replace(found, last_week=last_weeks(trial))


def watch(trial: Trial) -> list[Score]:
    """Every contender on one trial, the detector first."""
    exposure = exposure_of(trial, clock_of(trial.process, trial.visits))
    others = [score(name, trial.group, told, trial.planted, trial.nights) for name, told in rivals(trial, exposure)]
    return [watch_ours(trial, exposure), *others]


def watch_once(trial: Trial, kept: Path | None) -> list[Score]:
    """The same, or what an earlier run of the same code kept of it in the folder."""
    if kept is None:
        return watch(trial)
    file = kept / f"{trial.name}.json"
    if file.exists():
        return KEPT.validate_json(file.read_bytes())
    scores = watch(trial)
    unfinished = file.with_suffix(".part")
    unfinished.write_bytes(KEPT.dump_json(scores))
    unfinished.replace(file)
    return scores


def watch_all(trials: Sequence[Trial], processes: int, kept: Path | None = None) -> list[Score]:
    """Scores of all trials, in their order."""
    found: list[Score] = []
    if kept:
        kept.mkdir(parents=True, exist_ok=True)
    with get_context("spawn").Pool(processes) as pool:
        for number, scores in enumerate(pool.imap(partial(watch_once, kept=kept), trials), 1):
            found += scores
            print(f"\r{number} of {len(trials)} logs", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--years", type=int, default=YEARS, help="of worlds without a change; other trials in proportion"
    )
    parser.add_argument(
        "--scenarios", type=Path, default=SCENARIOS, help="a folder of NAME.parquet and NAME.truth.json"
    )
    parser.add_argument("--processes", type=int, default=THREADS)
    parser.add_argument(
        "--kept", type=Path, help="a folder where the scores of each trial are kept: the same code goes on from there"
    )
    parser.add_argument("--results", type=Path, help="the file whose section is written")
    told = parser.parse_args()
    each = max(told.years // 10, 1)
    groups: dict[str, list[Trial]] = {
        "null": [*null_trials(told.years), *holiday_trials(told.years // 4), *steady_trials(told.years // 8)],
        "slower": list(slower_trials(3 * each)),
        "other": list(other_trials(each)),
        "files": [*file_trials(told.scenarios)],
    }
    os.environ["OMP_NUM_THREADS"] = "1"
    scores = watch_all([trial for trials in groups.values() for trial in trials], told.processes, told.kept)
    by_group = {
        name: [one for one in scores if one.group in {trial.group for trial in trials}]
        for name, trials in groups.items()
    }
    results = told.results or (RESULTS if told.years == YEARS else None)
    tell("bench-accuracy", "Accuracy", parts(by_group, groups["files"]), Asked((), told.scenarios, results))


def parts(scores: dict[str, list[Score]], files: Sequence[Trial]) -> list[str]:
    """The section, of the scores by sort of trial: null, slower, other, files."""
    mine = {name: [one for one in some if one.contender == OURS] for name, some in scores.items()}
    told = [
        NOTES,
        "### Nothing changed",
        without_change(mine["null"]),
        rate_ratios(mine["null"]),
        "### One step takes longer",
        with_change(mine["slower"], "world, size"),
        "### Other changes",
        with_change(mine["other"], "change"),
        "### Beside the plain score, on the same nights",
        beside([*scores["null"], *scores["slower"]], (OURS, PLAIN)),
        "### What could be told, if all but the change were known",
        MOST,
        most({name: WORLDS[name] for name in ("L", "quiet", "13 a day")}, (1.2, 1.3, 1.5)),
        "### Others on the same nights",
        contenders(scores["null"], scores["slower"], ("+30%", "+50%", "+100%")),
    ]
    if not files:
        return [*told, "The simulated logs with planted changes are not here (`--scenarios`): not tried."]
    return [
        *told,
        "### Simulated logs with planted changes",
        planted(mine["files"], files),
        on_planted(scores["files"]),
    ]


if __name__ == "__main__":
    main()
