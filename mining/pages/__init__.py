"""The site: one folder of static HTML per process and night, and the lists that lead to them."""

from __future__ import annotations

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
