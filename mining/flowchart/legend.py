"""The key of the map: part of the drawing, so that a picture passed on explains itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10, sqrt
from typing import Final

from mining.flowchart.colours import LIGHT, wait_colour
from mining.flowchart.durations import duration_text
from mining.flowchart.labels import BADGE, Run, badge_cells, cell, table
from mining.flowchart.scale import Scale
from mining.languages import _, count_text

_LEFT: Final = 330
_RIGHT: Final = 230
_SWATCH: Final = 60
_GAP: Final = 2
_LINE: Final = 56  # an example of a line
_MARK: Final = 28  # where a sign stands, left of its meaning


def thickness(n: int, n_max: int) -> float:
    """Give the width in pixels of the line of a flow of `n` moves, where the process's greatest has `n_max`."""
    return 1 + 5 * sqrt(n / n_max)


@dataclass(frozen=True)
class Legend:
    """What the drawing shows, and so what has to be explained."""

    scale: Scale
    n_max: int
    summary: str  # "10 of 27 steps · 17 paths · 91 % of all moves"
    badges: bool = False
    timers: bool = False
    dashes: bool = False

    @classmethod
    def of_all(cls, legends: Sequence[Legend]) -> Legend:
        """One key to several maps of the same process; it has no summary."""
        return cls(
            legends[0].scale,
            max(legend.n_max for legend in legends),
            "",
            badges=any(legend.badges for legend in legends),
            timers=any(legend.timers for legend in legends),
            dashes=any(legend.dashes for legend in legends),
        )

    @property
    def widths(self) -> tuple[tuple[int, float], ...]:
        """Examples of lines: few, some and the most moves, and how wide each is in pixels."""
        return tuple((n, thickness(n, self.n_max)) for n in _examples(self.n_max))

    @property
    def html(self) -> str:
        """Lay the key out in two columns, no wider than a small map."""
        rows = [
            cell(_LEFT + _RIGHT, 14),
            _heading(_("Average wait before the next step"), _LEFT)
            + _heading(_("Line width = number of moves"), _RIGHT),
            _colours() + _widths(self.n_max),
            _limits(self.scale) + _counts(self.n_max),
            cell(_LEFT + _RIGHT, 6),
            *self._signs(),
            cell(_LEFT + _RIGHT, 6),
            cell(_LEFT + _RIGHT, 18, [Run(self.summary)]),
        ]
        return table(f"<TR><TD>{table([f'<TR>{row}</TR>'])}</TD></TR>" for row in rows)

    def _signs(self) -> list[str]:
        """Explain the signs that the drawing uses, two a row."""
        signs = [(_badge(), _("Bottleneck, ranked by share of the cycle time"))] if self.badges else []
        signs.append((_bar(), _("Share of cases that pass the step")))
        signs += [(_stroke((8, 4, 8, 4)), _("Half of the moves or more pass hidden steps"))] if self.dashes else []
        signs += [(_stroke((2, 3) * 5), _("Fixed wait, not ranked"))] if self.timers else []
        cells = [_sign(mark, text, (_LEFT, _RIGHT)[index % 2]) for index, (mark, text) in enumerate(signs)]
        if len(cells) % 2:
            cells.append(cell(_RIGHT, 18))
        return [left + right for left, right in zip(cells[::2], cells[1::2], strict=True)]


def _heading(text: str, room: int) -> str:
    return cell(room, 18, [Run(text, 11, True, LIGHT["ink"])])


def _colours() -> str:
    swatches = "".join(_line(_SWATCH, 8, wait_colour(index)) + cell(_GAP, 14) for index in range(5))
    return swatches + cell(_LEFT - 5 * (_SWATCH + _GAP), 14)


def _limits(scale: Scale) -> str:
    """Write each limit where two colours meet."""
    step = _SWATCH + _GAP
    texts = "".join(cell(step, 14, [Run(duration_text(limit))], align="CENTER") for limit in scale.limits_s)
    return cell(step // 2, 14) + texts + cell(_LEFT - step // 2 - 4 * step, 14)


def _widths(n_max: int) -> str:
    lines = "".join(
        _line(_LINE, max(1, round(thickness(n, n_max))), LIGHT["wait0"]) + cell(12, 14) for n in _examples(n_max)
    )
    return lines + cell(_RIGHT - len(_examples(n_max)) * (_LINE + 12), 14)


def _counts(n_max: int) -> str:
    counts = "".join(cell(_LINE + 12, 14, [Run(count_text(n))]) for n in _examples(n_max))
    return counts + cell(_RIGHT - len(_examples(n_max)) * (_LINE + 12), 14)


def _examples(n_max: int) -> tuple[int, ...]:
    """Choose few, some and the most moves; the first two as round numbers."""
    return tuple(sorted({_round_down(n_max / 100), _round_down(n_max / 5), n_max}))


def _round_down(value: float) -> int:
    if value < 1:
        return 1
    unit = 10 ** floor(log10(value))
    return int(value // unit * unit)


def _line(wide: int, high: int, colour: str) -> str:
    """Make a filled stroke of `high` pixels in the middle of a row of 14."""
    above = (14 - high) // 2
    rows = [cell(wide, above), cell(wide, high, colour=colour), cell(wide, 14 - high - above)]
    return f"<TD>{table(f'<TR>{row}</TR>' for row in rows)}</TD>"


def _badge() -> str:
    return badge_cells(1) + cell(_MARK - BADGE - 5, 18)


def _bar() -> str:
    rows = [
        cell(20, 7, columns=2),
        cell(14, 4, colour=LIGHT["bar"]) + cell(6, 4, colour=LIGHT["rest"]),
        cell(20, 7, columns=2),
    ]
    return f"<TD>{table(f'<TR>{row}</TR>' for row in rows)}</TD>{cell(_MARK - 20, 18)}"


def _stroke(lengths: tuple[int, ...]) -> str:
    """Draw an interrupted line: a stroke, a gap, a stroke, ..."""
    pieces = "".join(cell(wide, 2, colour="" if index % 2 else LIGHT["timer"]) for index, wide in enumerate(lengths))
    blank = cell(sum(lengths), 8, columns=len(lengths))
    return f"<TD>{table(f'<TR>{row}</TR>' for row in (blank, pieces, blank))}</TD>{cell(_MARK - sum(lengths), 18)}"


def _sign(mark: str, text: str, room: int) -> str:
    return mark + cell(room - _MARK, 18, [Run(text)])
