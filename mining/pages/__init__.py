"""The site: one folder of static HTML per process and night, and the lists that lead to them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mining.pages.charts import draw_charts
    from mining.pages.failed_page import FailedNight, write_failed_night
    from mining.pages.index_page import write_site
    from mining.pages.night_map import LevelMap
    from mining.pages.night_page import Download, write_night
    from mining.pages.rendering import CONTENT_SECURITY_POLICY
    from mining.pages.views import View, Views, drop_views, take_views

__all__ = [
    "CONTENT_SECURITY_POLICY",
    "Download",
    "FailedNight",
    "LevelMap",
    "View",
    "Views",
    "draw_charts",
    "drop_views",
    "take_views",
    "write_failed_night",
    "write_night",
    "write_site",
]
_FROM = {
    "charts": ("draw_charts",),
    "failed_page": ("FailedNight", "write_failed_night"),
    "index_page": ("write_site",),
    "night_map": ("LevelMap",),
    "night_page": ("Download", "write_night"),
    "rendering": ("CONTENT_SECURITY_POLICY",),
    "views": ("View", "Views", "drop_views", "take_views"),
}


def __getattr__(name: str) -> Any:
    """Each is imported when it is asked for: templates, maps and charts take a second together, and few need them all."""
    for module, names in _FROM.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
