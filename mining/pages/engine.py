"""Vega's engine, which makes SVG of what Altair describes: here, or in a program beside, since it holds all of Python."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final

from mining.beside import Beside

Spec = dict[str, Any]
Engine = Callable[[Spec], "Future[str]"]
_VERSION: Final = "6.1"  # of Vega-Lite
_EMPTY: Final[Spec] = {"data": {"values": []}, "mark": "point"}


def engine_beside(submit: Beside) -> Engine:
    """An engine in a program of its own."""
    return lambda spec: submit(svg_of, spec)


def start(engine: Engine) -> None:
    """Takes most of a second: long enough to describe the first chart meanwhile."""
    engine(_EMPTY)


def engine_here(spec: Spec) -> Future[str]:
    """The same in this process, for a chart or two."""
    drawn: Future[str] = Future()
    drawn.set_result(svg_of(spec))
    return drawn


def svg_of(spec: Spec) -> str:
    """A chart as SVG.

    Raises:
        ValueError: vl-convert refuses the specification.
    """
    import vl_convert  # noqa: PLC0415 - it starts a JavaScript engine

    return str(vl_convert.vegalite_to_svg(spec, vl_version=_VERSION))
