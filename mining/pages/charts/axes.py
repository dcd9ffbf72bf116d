"""What the charts share: their sizes, and how times are written on an axis."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import altair as alt

from mining.languages import pgettext, spoken

_FROM_SUNDAY: Final = (6, 0, 1, 2, 3, 4, 5)  # Babel counts from Monday
DAYS: Final = tuple(86_400 * days for days in (1, 3, 7, 14, 30, 91, 365, 1095))


@dataclass(frozen=True)
class Size:
    """For which screens, and how wide a chart is that takes half of the page, or all of it: pixels."""

    name: str
    half: int
    whole: int

    @property
    def phone(self) -> bool:
        return self.name == "phone"


DESK: Final = Size("desk", 572, 1180)
PHONE: Final = Size("phone", 334, 334)


def named(values: Sequence[object], words: Sequence[str]) -> str:
    """A Vega expression that says these words at these places of an axis."""
    return f"{json.dumps(dict(zip(map(str, values), words, strict=True)))}[datum.value]"


def data_of(values: Iterable[dict[str, Any]]) -> Any:
    """What a chart shows; as JSON, for Altair copies rows with all that is in them at every turn."""
    return alt.Data(values=json.dumps(list(values)), format=alt.JsonDataFormat(type="json"))


def day_ms(iso: str, plus: float = 0) -> int:
    """A day as charts count time, as if the process were in UTC."""
    moment = datetime.fromisoformat(iso + "T00:00:00+00:00") + timedelta(days=plus)
    return round(moment.timestamp() * 1000)


def time_words() -> dict[str, Any]:
    """The names of days and months in the spoken language, as d3 wants them."""
    locale = spoken().locale
    names = {
        "days": [locale.days["format"]["wide"][number] for number in _FROM_SUNDAY],
        "shortDays": [locale.days["format"]["abbreviated"][number] for number in _FROM_SUNDAY],
        "months": [locale.months["format"]["wide"][number] for number in range(1, 13)],
        "shortMonths": [locale.months["format"]["abbreviated"][number] for number in range(1, 13)],
    }
    return {"dateTime": "%x %X", "date": "%Y-%m-%d", "time": "%H:%M:%S", "periods": ["", ""], **names}


def time_axis(size: Size, *, long: bool) -> Any:
    # Translators: patterns of d3's for days (https://d3js.org/d3-time-format)
    months, days = pgettext("d3 pattern of a month", "%b %y"), pgettext("d3 pattern of a day", "%-d %b")
    return alt.Axis(
        title=None,
        format=months if long else days,
        grid=False,
        tickCount=4 if size.phone else 7,
        labelOverlap=True,
        labelFlush=True,
    )
