"""The score card as tables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.report import table
from benchmarks.scores import RECALL_NIGHTS, Card, Score, cards
from benchmarks.trials import Trial

FOUND = [
    "changes",
    "effect",
    *(f"told in {nights} n" for nights in RECALL_NIGHTS),
    "median delay",
    "right step",
    "right verdict",
    "right in 28 n",
]
SPLIT = ["split off by, pp", "told / true", "wrong signs", "with a direction", "a wrong one"]


def without_change(scores: Sequence[Score]) -> str:
    """What was told where nothing had changed."""
    rows = [[name, card.years, card.false_a_year, card.congestion_a_year] for name, card in cards(scores).items()]
    return table(["", "process-years", "false alerts a year", "congestion a year"], rows)


def with_change(scores: Sequence[Score], first: str) -> str:
    """What was told of changes, group by group."""
    rows = [
        [name, *_found(card), card.split_error, _told_by_true(card), *_signs(card)]
        for name, card in cards(scores).items()
    ]
    return table([first, *FOUND, *SPLIT], rows)


def beside(scores: Sequence[Score], names: Sequence[str]) -> str:
    """Some contenders, group by group: alerts a year where nothing changed, congestion among them, else what they told."""
    rows: list[list[object]] = []
    for group in cards(scores):
        by_name = cards([one for one in scores if one.group == group], by="contender")
        changed = any(card.changed for card in by_name.values())
        tell = _recalls if changed else _alerts
        told = [tell(by_name[name]) if name in by_name else None for name in names]
        rows.append([group, "told in 7/14/28 n, %" if changed else "alerts a year", *told])
    return table(["", "", *names], rows)


def contenders(null: Sequence[Score], slower: Sequence[Score], sizes: Sequence[str]) -> str:
    """All contenders on the same nights; the alerts are those where nothing changed, congestion among them."""
    quiet = cards(null, by="contender")
    by_size = [cards([one for one in slower if one.group.endswith(f" {size}")], by="contender") for size in sizes]
    rows = [
        [
            name,
            card.false_a_year + card.congestion_a_year,
            _percent(card.alarmed),
            *(_recalls(some[name]) for some in by_size),
        ]
        for name, card in quiet.items()
    ]
    return table(
        ["", "false alerts a year", "nights in alarm", *(f"{size}: told in 7/14/28 n" for size in sizes)], rows
    )


def planted(scores: Sequence[Score], trials: Sequence[Trial]) -> str:
    """Trial by trial: what was planted, and what the detector said."""
    rows = []
    for one, trial in zip(scores, trials, strict=True):
        change = trial.planted
        effect = f"{change.effect:+.1%}" if change and change.effect is not None else ""
        steps = ", ".join(sorted(change.steps)) if change else ""
        right = ("yes" if one.right_step and one.right_verdict else "no") if one.delay is not None else ""
        left_open = "yes" if one.stays else ""
        rows.append([one.group, effect, steps, one.false, one.congestion, one.delay, one.told, right, left_open])
    return table(["", "effect", "step", "false", "congestion", "told after", "told", "right", "left open"], rows)


def on_planted(scores: Sequence[Score]) -> str:
    """All contenders on the simulated logs, added up."""
    rows = []
    for name, card in cards(scores, by="contender").items():
        due = Card(tuple(one for one in card.scores if one.due))
        false = card.false_a_year + card.congestion_a_year
        told = f"{len(due.found)} of {len(due.changed)}"
        rows.append([name, false, _percent(card.alarmed), told, _percent(due.share("right_step"))])
    return table(["", "alerts a year before", "nights in alarm", "of +5 % and more told in 28 n", "right step"], rows)


def rate_ratios(scores: Sequence[Score]) -> str:
    """Exits of the last week over those expected from the eight weeks before it, where nothing changed."""
    rows = []
    for name, card in cards(scores).items():
        seen, expected = np.array([one.last_week for one in card.scores]).T
        ratio, years = seen.sum() / expected.sum(), len(seen)
        error = np.sqrt(((seen - ratio * expected) ** 2).sum() * years / max(years - 1, 1)) / expected.sum()
        rows.append([name, f"{ratio:.3f}", f"{error:.3f}" if years > 1 else None])
    return table(["", "rate ratio of the last week", "standard error"], rows)


def _found(card: Card) -> list[object]:
    recalls = [_percent(card.recall(nights)) for nights in RECALL_NIGHTS]
    shares = [_percent(card.share(what)) for what in ("right_step", "right_verdict")]
    return [len(card.changed), _percent(card.effect), *recalls, card.delay, *shares, _percent(card.put_right)]


def _told_by_true(card: Card) -> str | None:
    return None if card.told_by_true is None else "{:.2f} ± {:.2f}".format(*card.told_by_true)


def _signs(card: Card) -> list[object]:
    return [card.wrong_signs, *card.sure_signs] if card.main_parts else [None] * 3


def _alerts(card: Card) -> str:
    return f"{card.false_a_year + card.congestion_a_year:.2f}"


def _recalls(card: Card) -> str:
    return "/".join(f"{card.recall(nights):.0%}".rstrip("%") for nights in RECALL_NIGHTS)


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{share:.0%}"
