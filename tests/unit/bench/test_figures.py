"""How the benchmark measures: over the counted part alone, and never for ever."""

import os
from collections.abc import Iterator
from typing import cast

import pytest

from bench.figures import Span, measure
from bench.programs import BenchProgram
from sandbox.servers.errors import ServerFailed


class Running:
    """A program that is measured: this process."""

    pid = os.getpid()
    last_words = "nothing more to say"


class Gone(Running):
    """A program that has ended."""

    pid = 2**22 + 1


def figures_of(program: Running, looks: Iterator[int]) -> float:
    return measure(cast("BenchProgram", program), lambda: next(looks), Span(warm_up=10, counted=20)).commands_per_second


def test_it_ends_with_the_last_command() -> None:
    looks = iter([0, 4, 12, 25, 30, 99])

    figures_of(Running(), looks)

    assert next(looks) == 99


def test_memory_and_processor_time_are_those_of_the_program() -> None:
    looks = iter([10, 30])

    figures = measure(cast("BenchProgram", Running()), lambda: next(looks), Span(warm_up=10, counted=20))

    assert figures.peak_bytes > 1_000_000
    assert figures.cpu_seconds >= 0


def test_a_program_that_ends_before_the_last_command_is_reported_with_its_last_words() -> None:
    with pytest.raises(ServerFailed, match="nothing more to say"):
        figures_of(Gone(), iter([0, 5]))
