"""What a contender found, and whether two of them found the same."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

SAME_MEAN = 1e-6  # relative: sums of other types in another order
SAME_MEDIAN = 0.005  # relative: Headrace may read quantiles of waits from a histogram of that width
WITHIN = {"mean_wait_s": SAME_MEAN, "median_wait_s": SAME_MEDIAN, "median_case_s": SAME_MEDIAN}
SEPARATOR = " > "


@dataclass(frozen=True)
class Answer:
    """The part of the measures that all have; None where a contender has it not. Pairs and variants by `path_name`."""

    pairs: dict[str, int] | None = None
    mean_wait_s: dict[str, float] | None = None
    median_wait_s: dict[str, float] | None = None
    starts: dict[str, int] | None = None  # cases by first activity
    ends: dict[str, int] | None = None  # cases by last activity, open ones too
    variants: dict[str, int] | None = None
    rework: dict[str, int] | None = None  # cases that had the activity more than once
    median_case_s: float | None = None  # from the first event to the last, of all cases

    def as_dict(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value is not None}


def path_name(activities: Iterable[str]) -> str:
    return SEPARATOR.join(activities)


def differences(one: Answer, other: Answer, seconds: float = 0.0, *, exactly: bool = False) -> list[str]:
    """What differs in the parts that both have; at most three of each part.

    Counts are to be equal; means and medians within SAME_MEAN and SAME_MEDIAN, or within `seconds` where one of the two
    does not count finer than that; all of them `exactly` where the same program answers twice.
    """
    within = {} if exactly else WITHIN
    return [
        line
        for field in fields(Answer)
        for line in _differing(field.name, one, other, within.get(field.name, 0.0), seconds)[:3]
    ]


def _differing(part: str, one: Answer, other: Answer, within: float, seconds: float) -> list[str]:
    left, right = getattr(one, part), getattr(other, part)
    if left is None or right is None:
        return []
    some, more = _by_name(left), _by_name(right)
    return [
        f"{part} {name}: {some.get(name)} and {more.get(name)}".replace("  ", " ")
        for name in sorted({*some, *more})
        if not _same(some.get(name), more.get(name), within, seconds if within else 0.0)
    ]


def _by_name(part: Any) -> Mapping[str, float]:
    return part if isinstance(part, Mapping) else {"": part}


def _same(one: float | None, other: float | None, relative: float, absolute: float) -> bool:
    if one is None or other is None:
        return False
    return math.isclose(one, other, rel_tol=relative, abs_tol=absolute)
