"""Work in a program of its own beside this one: Python does one thing at a time, and some of ours hold it for seconds.

Run as `python -m mining.beside` it does what it reads on standard input and writes what came of it: both ends are ours. The
worker of a ProcessPoolExecutor would stay for ever when this program is killed, and begin by running its main module again.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from traceback import format_exc
from typing import IO, Any, Final, Protocol, TypeVar

Answer = TypeVar("Answer")
_PACKAGES: Final = str(Path(__file__).parents[1])  # where `mining` is


class Beside(Protocol):
    """Has work done beside; one piece after the other, in their order."""

    def __call__(self, work: Callable[..., Answer], *args: Any) -> Future[Answer]:
        """The function has to be one of a module; arguments and answer are pickled. What it raises, the Future raises."""
        ...


@contextmanager
def beside() -> Iterator[Beside]:
    """The program starts with its first piece of work; it ends with the block, and leaves what it then still had to do."""
    with ExitStack() as started, ThreadPoolExecutor(1) as waiting:
        program = cache(lambda: started.enter_context(_program()))

        def submit(work: Callable[..., Answer], *args: Any) -> Future[Answer]:
            return waiting.submit(_asked, program, work, args)

        try:
            yield submit
        finally:
            waiting.shutdown(cancel_futures=True)


def _program() -> subprocess.Popen[bytes]:
    known = os.environ.get("PYTHONPATH")
    paths = os.pathsep.join([_PACKAGES, known] if known else [_PACKAGES])
    command, env = [sys.executable, "-P", "-m", "mining.beside"], {**os.environ, "PYTHONPATH": paths}
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)  # noqa: S603 - this very Python


def ready(module: str) -> None:
    """Import a module: the first piece of work, while the next is still being prepared."""
    import_module(module)


def _asked(program: Callable[[], subprocess.Popen[bytes]], work: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    given, asked, told = pickle.dumps((work, args)), program().stdin, program().stdout
    if asked is None or told is None:
        raise AssertionError("they are opened with the program")
    try:
        asked.write(given)
        asked.flush()
        came, failed = pickle.load(told)  # noqa: S301 - our own
    except (EOFError, OSError, ValueError):  # the last: written to what was closed below
        with suppress(OSError):  # what was not taken any more would be offered once more at the end
            asked.close()
        raise RuntimeError(f"The program that {work.__name__} ran in has ended; standard error says why.") from None
    if failed:
        raise failed
    return came


def _serve(asked: IO[bytes], told: IO[bytes]) -> None:
    while True:
        try:
            work, args = pickle.load(asked)  # noqa: S301 - our own
        except EOFError:
            return
        told.write(_done(work, args))
        told.flush()


def _done(work: Callable[..., Any], args: tuple[Any, ...]) -> bytes:
    """What came of it, or what it raised; of an error that cannot be sent, its text."""
    try:
        return pickle.dumps((work(*args), None))
    except Exception as error:  # whatever it is, it is raised where it was asked for
        error.add_note(format_exc())
        with suppress(Exception):  # of errors, too, not every one can be made again elsewhere
            told = pickle.dumps((None, error))
            pickle.loads(told)  # noqa: S301 - our own
            return told
        return pickle.dumps((None, RuntimeError(f"{type(error).__name__}: {error}")))


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    _serve(sys.stdin.buffer, answers)
