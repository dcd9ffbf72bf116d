"""Quantiles of values that come with counts, as Ibis expressions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis
from ibis import _


def weighted_quantiles(values: Any, keys: Sequence[str], wanted: dict[str, float]) -> Any:
    """Quantiles of `us`, each seen `n` times, per `keys`; between two values in proportion, as if each stood `n` times.

    Args:
        values: a table with `keys`, `us` and `n`.
        wanted: name of the result's column -> quantile between 0 and 1.
    """
    upto = ibis.window(group_by=list(keys), order_by="us", preceding=None, following=0)
    all_of_them = ibis.window(group_by=list(keys))
    counted = values.mutate(upto=_.n.sum().over(upto), of=_.n.sum().over(all_of_them))
    found = {}
    for name, quantile in wanted.items():
        place = quantile * (counted.of - 1)
        found[f"{name}_low"] = counted.us.min(where=counted.upto > place.floor())
        found[f"{name}_high"] = counted.us.min(where=counted.upto > place.ceil())
        found[f"{name}_part"] = (place - place.floor()).max()
    ends = counted.group_by(list(keys)).aggregate(**found)
    between = {
        name: ends[f"{name}_low"] + ends[f"{name}_part"] * (ends[f"{name}_high"] - ends[f"{name}_low"])
        for name in wanted
    }
    return ends.select(*keys, **between)
