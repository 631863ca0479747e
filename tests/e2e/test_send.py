"""Sending: from a file all or nothing, from a pipe as it comes; each command's result as it arrives."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

from tests.support.commands import Command, create, disable, new_username, structured
from tests.support.house import House
from tests.support.worker_process import environment

DONE, FAILED, PARTLY, UNREACHABLE, INTERRUPTED = 0, 1, 3, 69, 130
#: Whoever runs the tests in the background has every process ignore Ctrl-C from the start.
LISTENING_TO_CTRL_C = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from worker.cli.main import main
main()
"""


def line_of(command: Command) -> str:
    return structured(command).body.decode()


def lines_of(commands: Sequence[Command]) -> str:
    return "\n".join(map(line_of, commands))


def rows(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


def written(house: House, commands: Sequence[Command]) -> str:
    file = house.folder / f"{commands[0].id}.jsonl"
    file.write_text(lines_of(commands))
    return str(file)


@contextmanager
def sending(house: House, *words: str) -> Iterator["subprocess.Popen[str]"]:
    """Type `send -` and keep the pipe into it open."""
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", LISTENING_TO_CTRL_C, "send", "-", *words],
        env=environment(house.settings),
        cwd=house.folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def open_end(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def test_send_publishes_and_prints_each_result(house: House) -> None:
    made = create(new_username())
    commands = [made, disable(made.username)]
    sent = house.type("send", "-", "--wait", stdin=lines_of(commands))
    assert sent.returncode == DONE, sent.stderr
    events = rows(sent.stdout)
    assert [(event["causationid"], event["type"]) for event in events] == [
        (commands[0].id, "CustomerCreated"),
        (commands[1].id, "CustomerDisabled"),
    ]


def test_send_takes_an_array_from_a_file_and_says_when_one_failed(house: House) -> None:
    commands = [create(new_username()), create(new_username(), package="Platinum")]
    file = house.folder / "commands.json"
    file.write_text("[" + lines_of(commands).replace("\n", ",") + "]")
    sent = house.type("send", str(file), "--wait")
    assert sent.returncode == PARTLY
    assert {event["type"] for event in rows(sent.stdout)} == {"CustomerCreated", "CommandFailed"}


def test_send_without_waiting_says_where_the_commands_are(house: House) -> None:
    command = create(new_username())
    sent = house.type("send", "-", stdin=lines_of([command]))
    assert (sent.returncode, sent.stdout) == (DONE, "")
    assert house.topology.commands in sent.stderr
    house.ear.await_event(command)


def test_a_dry_run_checks_and_sends_nothing(house: House) -> None:
    command = create(new_username())
    dry = house.type("send", "-", "--dry-run", stdin=lines_of([command]))
    assert (dry.returncode, dry.stdout) == (DONE, "")
    after = create(new_username())
    house.emitter.publish(after)
    house.ear.await_event(after)
    assert house.ear.events_of(command) == []


def test_one_invalid_command_keeps_all_of_a_file_from_being_sent(house: House) -> None:
    good, bad = create(new_username()), create(new_username(), password="tiny")
    file = written(house, [good, bad])
    sent = house.type("send", file, "--wait")
    assert sent.returncode == FAILED
    assert "line 2: command 2 is not valid: password: must have at least 6 characters" in sent.stderr
    assert "tiny" not in sent.stderr
    assert house.sandbox.state(good.username).customers == {}


def test_send_says_when_the_broker_is_not_there(house: House) -> None:
    url = "amqp://guest:planted-secret@127.0.0.1:9/"
    sent = house.type("send", "-", "--wait", stdin=lines_of([create(new_username())]), AMQP__URL=url)
    assert sent.returncode == UNREACHABLE
    assert "PROVISIONING_AMQP__URL" in sent.stderr
    assert "planted-secret" not in sent.stderr


def test_a_pipe_is_sent_up_to_its_first_invalid_line(house: House) -> None:
    good, bad, later = create(new_username()), create(new_username(), password="tiny"), create(new_username())
    sent = house.type("send", "-", "--wait", stdin=lines_of([good, bad, later]))
    assert sent.returncode == PARTLY
    assert [event["causationid"] for event in rows(sent.stdout)] == [good.id]
    assert sent.stderr == (
        "line 2: command 2 is not valid: password: must have at least 6 characters; 1 command before it sent and"
        " confirmed\n"
    )
    assert house.sandbox.state(later.username).customers == {}


def test_a_result_is_printed_while_the_pipe_stays_open(house: House) -> None:
    first, second = create(new_username()), create(new_username(), source="billing two")
    with sending(house, "--wait") as process:
        pipe, results = open_end(process.stdin), open_end(process.stdout)
        for command in (first, second):
            pipe.write(line_of(command) + "\n")
            pipe.flush()
            assert json.loads(results.readline())["causationid"] == command.id
        pipe.close()
        assert process.wait(20) == DONE


def test_an_interrupted_sending_says_how_far_it_came(house: House) -> None:
    command = create(new_username())
    with sending(house, "--wait") as process:
        pipe = open_end(process.stdin)
        pipe.write(line_of(command) + "\n")
        pipe.flush()
        assert json.loads(open_end(process.stdout).readline())["causationid"] == command.id
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == INTERRUPTED
        assert open_end(process.stderr).read() == "interrupted; 1 command had been sent and confirmed\n"


def test_when_every_command_failed_so_has_the_sending(house: House) -> None:
    sent = house.type("send", written(house, [create(new_username(), package="Platinum")]), "--wait")
    assert sent.returncode == FAILED
    assert [event["type"] for event in rows(sent.stdout)] == ["CommandFailed"]


def test_what_nobody_answered_in_time_is_named(own_house: House) -> None:
    command = create(new_username())
    sent = own_house.type("send", written(own_house, [command]), "--wait", "--timeout", "0.1")
    assert (sent.returncode, sent.stdout) == (PARTLY, "")
    assert f"no result within 0.1 s for {command.id}" in sent.stderr


def test_a_repeat_in_the_same_file_is_answered_once(house: House) -> None:
    command = create(new_username())
    sent = house.type("send", written(house, [command, command, disable(command.username)]), "--wait")
    assert sent.returncode == DONE
    assert [event["type"] for event in rows(sent.stdout)] == ["CustomerCreated", "CustomerDisabled"]
