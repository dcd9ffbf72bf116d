"""Work in a program beside this one: answers in their order, errors where they were asked for, an end that leaves nothing."""

from __future__ import annotations

import os
from concurrent.futures import CancelledError
from math import sqrt
from pathlib import Path
from time import sleep

import pytest

from mining.beside import beside
from mining.errors import InputError
from mining.home import Home


def test_it_is_another_process_and_answers_in_order() -> None:
    with beside() as submit:
        answers = [submit(os.getpid), submit(sqrt, 16.0), submit(sorted, [3, 1, 2])]
        there, root, in_order = (answer.result() for answer in answers)
    assert there != os.getpid()
    assert (root, in_order) == (4.0, [1, 2, 3])


def test_what_it_raises_is_raised_here_and_the_next_is_done(tmp_path: Path) -> None:
    file = tmp_path / "home"
    file.touch()
    with beside() as submit:
        wrong, right = submit(Home.at, file), submit(sqrt, 9.0)
        with pytest.raises(InputError, match="this is a file; name a folder") as raised:
            wrong.result()
        assert right.result() == 3.0
    assert "in at" in "".join(raised.value.__notes__), "where in the other program it was raised"


class TwoWordsError(Exception):
    """Made of two words and told in one text, so that it cannot be made again of that."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(f"{one}, {other}")


def raise_two_words() -> None:
    raise TwoWordsError("no such", "home")


def test_an_answer_that_cannot_be_sent_is_an_error_and_not_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    with beside() as submit:
        answer, error, right = submit(os.scandir, "."), submit(raise_two_words), submit(sqrt, 9.0)
        with pytest.raises(TypeError, match="pickle"):
            answer.result()
        with pytest.raises(RuntimeError, match="TwoWordsError: no such, home"):
            error.result()
        assert right.result() == 3.0


def test_words_of_its_own_on_standard_output_are_no_answer(capfd: pytest.CaptureFixture[str]) -> None:
    with beside() as submit:
        assert submit(print, "hello").result() is None
        assert submit(os.system, "echo hello").result() == 0
    assert capfd.readouterr().out == ""


def test_a_program_that_dies_is_told() -> None:
    with beside() as submit:
        gone, after = submit(os._exit, 3), submit(sqrt, 9.0)
        for one in (gone, after):
            with pytest.raises(RuntimeError, match="ran in has ended; standard error says why"):
                one.result()


def test_at_the_end_what_is_still_to_do_is_left() -> None:
    with beside() as submit:
        there = submit(os.getpid).result()
        submit(sleep, 0.5)
        left = [submit(sleep, 60) for _ in range(3)]
    with pytest.raises(CancelledError):
        left[-1].result()
    with pytest.raises(ProcessLookupError):
        os.kill(there, 0)
