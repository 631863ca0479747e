"""Bad hours of the provider, played through: who is given up, who is paused, and how gently all of it returns."""

import pytest

from tests.unit.intake.random_outages import THREADS, Outages, Play, failing
from worker.domain.retry_policy import RetryPolicy
from worker.errors import OutcomeUnknown, ProviderError

HOUR = 3600.0
ERROR_500 = OutcomeUnknown("500")


def for_an_hour(outages: Outages) -> Outages:
    return lambda customer, now: outages(customer, now) if now < HOUR else None


def down(*, up_for: float, down_for: float) -> Outages:
    """Up and down in turns, for two hours."""

    def outages(_customer: str, now: float) -> ProviderError | None:
        return ERROR_500 if now < 2 * HOUR and now % (up_for + down_for) > up_for else None

    return outages


def poisoned(customer: str, _now: float) -> ProviderError | None:
    return ERROR_500 if customer.startswith("poison") else None


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
@pytest.mark.parametrize("customers", [1, 200])
def test_an_hour_in_which_a_share_of_all_calls_fails_makes_no_dead_letter(share: float, customers: int) -> None:
    play = Play(for_an_hour(failing(share)))
    for number in range(400):
        play.send(f"customer:{number % customers}", at=number * HOUR / 400)

    play.run(4 * HOUR)

    assert (play.dead, play.applied) == ([], 400)
    # Far from the limit of twenty: it is the rule that holds, and not luck.
    assert max(command.history.charged_attempts for command in play.commands) < 10
    assert max(command.history.seconds_used for command in play.commands) < 300.0


@pytest.mark.parametrize("attempts", [1, 3, 5])
def test_one_poison_command_at_night_ends_after_its_attempts_and_pauses_nobody(attempts: int) -> None:
    play = Play(poisoned, RetryPolicy(max_attempts=attempts))
    poison = play.send("poison")

    play.run(HOUR)

    # Each failure is charged by the one after it; then comes a last look, which changes nothing.
    assert (poison.ended, poison.history.attempts) == ("retries_exhausted", attempts + 2)
    assert play.pauses == 0


def test_poison_ends_by_its_window_when_it_has_attempts_left() -> None:
    play = Play(poisoned, RetryPolicy(max_attempts=1000))
    poison = play.send("poison")

    play.run(HOUR)

    assert poison.ended == "retries_exhausted"
    assert 600.0 <= poison.history.seconds_used < 700.0


@pytest.mark.parametrize("busy", [True, False])
def test_a_handful_of_poison_commands_ends_by_day_and_by_night_and_harms_nobody(*, busy: bool) -> None:
    play = Play(poisoned)
    poison = [play.send(f"poison:{number}") for number in range(5)]
    for number in range(500 if busy else 0):
        play.send(f"customer:{number % 50}", at=2.0 * number)

    play.run(2 * HOUR)

    assert play.dead == [command.customer for command in poison]
    assert play.applied == len(play.commands) - 5


def test_a_provider_that_answers_questions_and_applies_nothing_makes_no_dead_letter() -> None:
    def read_only(customer: str, now: float) -> ProviderError | None:
        return ERROR_500 if customer.startswith("customer") and now < HOUR else None

    play = Play(read_only)
    for number in range(60):
        play.send(f"customer:{number}", at=float(number))

    play.run(4 * HOUR)

    assert (play.dead, play.applied) == ([], 60)


def test_an_outage_of_four_hours_costs_nobody_an_attempt_and_is_asked_about_by_the_probe_alone() -> None:
    play = Play(lambda _customer, now: ERROR_500 if 100.0 < now < 4 * HOUR else None)
    for number in range(400):
        play.send(f"customer:{number % 100}", at=number / 2)

    play.run(5 * HOUR)

    assert (play.dead, play.applied, play.pauses) == ([], 400, 1)
    assert max(command.history.charged_attempts for command in play.commands) == 0
    assert play.calls < 400 + 4 * 360 + 2 * THREADS


@pytest.mark.parametrize(("up_for", "down_for"), [(5.0, 5.0), (20.0, 5.0), (5.0, 60.0), (60.0, 60.0)])
def test_a_provider_that_comes_and_goes_makes_no_dead_letter(up_for: float, down_for: float) -> None:
    play = Play(down(up_for=up_for, down_for=down_for))
    for number in range(400):
        play.send(f"customer:{number % 100}", at=number * 10.0)

    play.run(5 * HOUR)

    assert (play.dead, play.applied) == ([], 400)
    assert max(command.history.charged_attempts for command in play.commands) < 5


def test_poison_is_found_out_although_half_of_all_calls_failed_for_an_hour() -> None:
    unsteady = failing(0.5)
    play = Play(lambda customer, now: poisoned(customer, now) or (unsteady(customer, now) if now < HOUR else None))
    poison = play.send("poison")
    for number in range(600):
        play.send(f"customer:{number % 50}", at=12.0 * number)

    play.run(4 * HOUR)

    assert play.dead == ["poison"]
    assert poison.ended == "retries_exhausted"
