"""vl-convert as a program beside this one: its engine keeps all of Python waiting while it starts and draws.

Run by itself it draws each line of standard input, a specification of Vega-Lite as JSON, and writes a line with the SVG.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import IO, Any, Final

Spec = dict[str, Any]
Engine = Callable[[Spec], "Future[str]"]
_VERSION: Final = "6.1"  # of Vega-Lite
_EMPTY: Final = {"data": {"values": []}, "mark": "point"}


@contextmanager
def engine_beside() -> Iterator[Engine]:
    """Start it; what it gets is drawn in that order.

    A Future of it raises RuntimeError where vl-convert refuses the specification, or ends.
    """
    command = [sys.executable, "-P", __file__]
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program,  # noqa: S603 - this very file
        ThreadPoolExecutor(1) as waiting,
    ):
        try:
            yield lambda spec: waiting.submit(_asked, program.stdin, program.stdout, spec)
        finally:
            waiting.shutdown(cancel_futures=True)


def engine_here(spec: Spec) -> Future[str]:
    """The same in this process, for a chart or two."""
    drawn: Future[str] = Future()
    drawn.set_result(_svg(spec))
    return drawn


def _asked(asked: IO[bytes] | None, told: IO[bytes] | None, spec: Spec) -> str:
    if asked is None or told is None:
        raise AssertionError("they were opened with the program")
    try:
        asked.write(json.dumps(spec).encode() + b"\n")
        asked.flush()
        answer = json.loads(told.readline() or '{"error": "it ended"}')
    except BrokenPipeError:
        answer = {"error": "it has ended"}
    if "error" in answer:
        raise RuntimeError(f"vl-convert could not draw a chart: {answer['error']}")
    return str(answer["svg"])


def _svg(spec: Spec) -> str:
    import vl_convert  # noqa: PLC0415 - it starts a JavaScript engine

    return str(vl_convert.vegalite_to_svg(spec, vl_version=_VERSION))


def _serve(asked: Iterable[bytes], told: IO[bytes]) -> None:
    _svg(_EMPTY)  # the engine starts while the first specification is still being written
    for line in asked:
        try:
            answer = {"svg": _svg(json.loads(line))}
        except Exception as error:  # vl-convert raises what it likes
            answer = {"error": str(error)}
        told.write(json.dumps(answer).encode() + b"\n")
        told.flush()


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    _serve(sys.stdin.buffer, answers)
