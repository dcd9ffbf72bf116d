"""The colours of the charts: those of the map, and five for loads; by day as attributes of the SVG, by night by CHART_CSS."""

from __future__ import annotations

from typing import Final

from mining.flowchart.colours import DARK, LIGHT

LOADS: Final = {"load0": "#edf1f5", "load1": "#c3d5e8", "load2": "#8fb2d6", "load3": "#4f86bd", "load4": "#1d5189"}
LOADS_DARK: Final = {"load0": "#222c37", "load1": "#2d4560", "load2": "#3d668f", "load3": "#5f94c6", "load4": "#a8d0f5"}
COLOURS: Final = {**LIGHT, **LOADS}
_NIGHT: Final = {COLOURS[name]: {**DARK, **LOADS_DARK}[name] for name in COLOURS}
CHART_CSS: Final = (
    "@media screen and (prefers-color-scheme:dark){"
    + "".join(
        f'.chart [{what}="{light}"]{{{what}:{dark}}}'
        for light, dark in sorted(_NIGHT.items())
        for what in ("fill", "stroke")
    )
    + "}\n"
)
