"""The charts of a night: trend, curves, workload and spectrum. Altair is imported only where something is drawn."""

from mining.pages.charts.drawing import Drawing, Ordered, draw_charts, has_charts, order_charts
from mining.pages.charts.palette import CHART_CSS

__all__ = ["CHART_CSS", "Drawing", "Ordered", "draw_charts", "has_charts", "order_charts"]
