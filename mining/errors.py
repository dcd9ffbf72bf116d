"""The ways a night ends badly that are not a bug, each with its exit code."""


class InputError(Exception):
    """What the user gave cannot be used. The message says what, where and how to fix it. Exit code 2."""

    exit_code = 2


class GateError(Exception):
    """The data did not pass the gate: nothing is mined, the last good night stays. Exit code 3."""

    exit_code = 3


class StoreError(Exception):
    """Something is wrong where things are kept: disk full, batch damaged, store taken. The message says what to do.

    Exit code 1.
    """

    exit_code = 1
