"""The map of a process: a directly-follows graph drawn so that one sees where the time goes."""

from mining.flowchart.chart import Chart, draw
from mining.flowchart.colours import MAP_CSS
from mining.flowchart.difference import DifferenceChart, draw_difference
from mining.flowchart.durations import duration_text, pair_text, share_text
from mining.flowchart.grid import ALL_SETTINGS, OPENING, SETTINGS, Variation, draw_grid
from mining.flowchart.legend import Legend
from mining.flowchart.plain import plain
from mining.flowchart.render import LayoutError, LayoutTimeoutError, render
from mining.flowchart.scale import SCALES, Scale, choose_scale, scale_named
from mining.flowchart.simplify import BADGES, default_level, levels, path_id, phone_level, step_id

__all__ = [
    "ALL_SETTINGS",
    "BADGES",
    "MAP_CSS",
    "OPENING",
    "SCALES",
    "SETTINGS",
    "Chart",
    "DifferenceChart",
    "LayoutError",
    "LayoutTimeoutError",
    "Legend",
    "Scale",
    "Variation",
    "choose_scale",
    "default_level",
    "draw",
    "draw_difference",
    "draw_grid",
    "duration_text",
    "levels",
    "pair_text",
    "path_id",
    "phone_level",
    "plain",
    "render",
    "scale_named",
    "share_text",
    "step_id",
]
