"""What the program exits with."""

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes, as every command of the program uses them."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    PARTLY = 3
    UNREACHABLE = 69
    CONFIGURATION = 78
    INTERRUPTED = 130
