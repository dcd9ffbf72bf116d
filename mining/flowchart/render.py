"""From DOT to a picture, by the `dot` on the PATH else by the Graphviz inside pygraphviz; never longer than allowed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

_SHARPNESS: Final = {"png": ["-Gdpi=144"]}
# Fonts of the machine do not matter: cells have our own sizes, and the reader's browser chooses the font.
_HARMLESS: Final = re.compile(
    r"Fontconfig |Pango|\(\w+:\d+\): Pango|Warning: cell size too small for content|in label of "
    r"|Warning: no hard-coded metrics|Warning: no value for width of"
)
_DRAWN_AT: Final = re.compile(rb"/CreationDate \(D:[^)]*\)")


class LayoutError(Exception):
    """Graphviz could not draw the map; the message says what it said."""


class LayoutTimeoutError(LayoutError):
    """The layout took longer than it may."""


def render(dot: str, format: str, timeout_s: float = 10) -> bytes:
    """Draw DOT source as `svg`, `png` (144 dots an inch) or `pdf`.

    Raises:
        LayoutTimeoutError: it took more than `timeout_s` seconds and was stopped.
        LayoutError: Graphviz failed, or complained and would have drawn something else than was asked for.
    """
    if format not in ("svg", "png", "pdf"):
        raise ValueError(f'"{format}" is no format of the map; write svg, png or pdf')
    try:
        done = subprocess.run(  # noqa: S603
            _command(format), input=dot.encode("utf-8"), capture_output=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise LayoutTimeoutError(
            f"Graphviz did not finish the map within {timeout_s:.3g} s; draw fewer steps or paths"
        ) from error
    complaints = _complaints(done.stderr.decode("utf-8", "replace"))
    if done.returncode or complaints or not done.stdout:
        raise LayoutError(
            f"Graphviz could not draw the map (exit code {done.returncode}): {complaints or 'it said nothing'}"
        )
    return _dateless(done.stdout) if format == "pdf" else done.stdout


def _dateless(pdf: bytes) -> bytes:
    """Blank the time of drawing, in place since a PDF counts its bytes: the same map is the same file."""
    return _DRAWN_AT.sub(lambda found: b" " * len(found[0]), pdf)


def _command(format: str) -> list[str]:
    settings = _SHARPNESS.get(format, [])
    program = shutil.which("dot")
    if program:
        return [program, f"-T{format}", *settings]
    # -P: the script's folder stays off the module path
    return [sys.executable, "-P", str(Path(__file__).with_name("bundled.py")), format, *settings]


def _complaints(said: str) -> str:
    lines = (line.strip() for line in said.splitlines())
    return "; ".join(line for line in lines if line and not _HARMLESS.match(line))
