"""Sending: from a file all or nothing, from a pipe as it comes; each command's result as it arrives."""

import json
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

import pytest

from tests.support.broker_tools import plain_connection
from tests.support.commands import Command, create, disable, new_username, structured
from tests.support.installation import Installation
from tests.support.worker_process import environment
from worker.broker.address import BrokerAddress
from worker.broker.topology.errands import remove
from worker.broker.topology.model import Topology

DONE, FAILED, PARTLY, UNREACHABLE = 0, 1, 3, 69
#: Whoever runs the tests in the background has every process ignore Ctrl-C from the start.
LISTENING_TO_CTRL_C = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from worker.cli.main import main
main()
"""


pytestmark = pytest.mark.usefixtures("listening_terminal")


def line_of(command: Command) -> str:
    return structured(command).body.decode()


def lines_of(commands: Sequence[Command]) -> str:
    return "\n".join(map(line_of, commands))


def rows(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


def written(installation: Installation, commands: Sequence[Command]) -> str:
    file = installation.folder / f"{commands[0].id}.jsonl"
    file.write_text(lines_of(commands))
    return str(file)


@contextmanager
def sending(installation: Installation, *words: str) -> Iterator["subprocess.Popen[str]"]:
    """Type `send -` and keep the pipe into it open."""
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", LISTENING_TO_CTRL_C, "send", "-", *words],
        env=environment(installation.settings),
        cwd=installation.folder,
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


def test_send_publishes_and_prints_each_result(installation: Installation) -> None:
    made = create(new_username())
    commands = [made, disable(made.username)]
    sent = installation.type("send", "-", "--wait", stdin=lines_of(commands))
    assert sent.returncode == DONE, sent.stderr
    events = rows(sent.stdout)
    assert [(event["causationid"], event["type"]) for event in events] == [
        (commands[0].id, "CustomerCreated"),
        (commands[1].id, "CustomerDisabled"),
    ]


def test_send_takes_an_array_from_a_file_and_says_when_one_failed(installation: Installation) -> None:
    commands = [create(new_username()), create(new_username(), package="Platinum")]
    file = installation.folder / "commands.json"
    file.write_text("[" + lines_of(commands).replace("\n", ",") + "]")
    sent = installation.type("send", str(file), "--wait")
    assert sent.returncode == PARTLY
    assert {event["type"] for event in rows(sent.stdout)} == {"CustomerCreated", "CommandFailed"}


def test_send_without_waiting_says_where_the_commands_are(installation: Installation) -> None:
    command = create(new_username())
    sent = installation.type("send", "-", stdin=lines_of([command]))
    assert (sent.returncode, sent.stdout) == (DONE, "")
    assert installation.topology.commands in sent.stderr
    installation.listener.await_event(command)


def test_a_dry_run_checks_and_sends_nothing(installation: Installation) -> None:
    command = create(new_username())
    dry = installation.type("send", "-", "--dry-run", stdin=lines_of([command]))
    assert (dry.returncode, dry.stdout) == (DONE, "")
    after = create(new_username())
    installation.emitter.publish(after)
    installation.listener.await_event(after)
    assert installation.listener.events_of(command) == []


def test_one_invalid_command_keeps_all_of_a_file_from_being_sent(installation: Installation) -> None:
    good, bad = create(new_username()), create(new_username(), password="tiny")
    file = written(installation, [good, bad])
    sent = installation.type("send", file, "--wait")
    assert sent.returncode == FAILED
    assert f"line 2 ({bad.id}): data.password: must have at least 6 characters" in sent.stderr
    assert "tiny" not in sent.stderr
    assert installation.sandbox.state(good.username).customers == {}


def test_send_says_when_the_broker_is_not_there(installation: Installation) -> None:
    url = "amqp://guest:planted-secret@127.0.0.1:9/"
    one = lines_of([create(new_username())])
    sent, waited = (installation.type("send", "-", *words, stdin=one, AMQP__URL=url) for words in ([], ["--wait"]))
    for completed in (sent, waited):
        assert completed.returncode == UNREACHABLE
        assert "amqp://127.0.0.1:9/" in completed.stderr
        assert "PROVISIONING_AMQP__URL" in completed.stderr
        assert "planted-secret" not in completed.stderr
    assert sent.stderr == (
        "the broker at amqp://127.0.0.1:9/ (PROVISIONING_AMQP__URL) cannot be used: nothing listens at that address; "
        "no command was confirmed\n"
    )


def test_a_pipe_without_a_command_is_no_success(installation: Installation) -> None:
    for words in ([], ["--wait"], ["--dry-run"]):
        sent = installation.type("send", "-", *words, stdin="")
        assert (sent.returncode, sent.stdout) == (FAILED, "")
        assert sent.stderr == "no command was read from standard input; nothing was sent\n"


def test_what_no_queue_took_is_reported_without_noise(installation: Installation) -> None:
    command, nobody = create(new_username()), Topology(f"test-{uuid.uuid4().hex[:12]}")
    assert installation.type("topology", "apply", AMQP__PREFIX=nobody.prefix).returncode == DONE
    with plain_connection(installation.broker_url) as connection:
        connection.channel().queue_unbind(nobody.command_queues[0], nobody.commands, "#")
    sent = installation.type("send", "-", stdin=lines_of([command]), AMQP__PREFIX=nobody.prefix)
    remove(BrokerAddress(installation.broker_url), nobody)
    assert sent.returncode == FAILED
    assert sent.stderr.startswith(f"CreateCustomer {command.id} is not confirmed: the broker returned it: NO_ROUTE")


def test_without_the_workers_exchanges_what_is_missing_is_named(installation: Installation) -> None:
    prefix = f"test-{uuid.uuid4().hex[:12]}"
    sent = installation.type("send", "-", stdin=lines_of([create(new_username())]), AMQP__PREFIX=prefix)
    assert sent.returncode in {FAILED, UNREACHABLE}
    assert f"{prefix}.commands" in sent.stderr


def test_a_setting_that_nothing_reads_is_warned_about_once(installation: Installation) -> None:
    command = create(new_username())
    sent = installation.type("send", written(installation, [command]), AMQP__PREFX="x")
    assert sent.returncode == DONE
    assert sent.stderr.splitlines()[0] == (
        "warning: PROVISIONING_AMQP__PREFX is not a setting; did you mean PROVISIONING_AMQP__PREFIX?"
    )
    assert sent.stderr.count("warning") == 1


def test_a_pipe_is_sent_up_to_its_first_invalid_line(installation: Installation) -> None:
    good, bad, later = create(new_username()), create(new_username(), password="tiny"), create(new_username())
    sent = installation.type("send", "-", "--wait", stdin=lines_of([good, bad, later]))
    assert sent.returncode == PARTLY
    assert [event["causationid"] for event in rows(sent.stdout)] == [good.id]
    assert sent.stderr == (
        f"line 2 ({bad.id}): data.password: must have at least 6 characters; 1 command before it sent and confirmed\n"
    )
    assert installation.sandbox.state(later.username).customers == {}


def test_a_result_is_printed_while_the_pipe_stays_open(installation: Installation) -> None:
    first, second = create(new_username()), create(new_username(), source="billing two")
    with sending(installation, "--wait") as process:
        pipe, results = open_end(process.stdin), open_end(process.stdout)
        for command in (first, second):
            pipe.write(line_of(command) + "\n")
            pipe.flush()
            assert json.loads(results.readline())["causationid"] == command.id
        pipe.close()
        assert process.wait(60) == DONE


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_sending_that_a_signal_ends_says_how_far_it_came(installation: Installation, number: signal.Signals) -> None:
    command = create(new_username())
    with sending(installation, "--wait") as process:
        pipe = open_end(process.stdin)
        pipe.write(line_of(command) + "\n")
        pipe.flush()
        assert json.loads(open_end(process.stdout).readline())["causationid"] == command.id
        process.send_signal(number)
        assert process.wait(60) == 128 + number
        logged = f"ended by {number.name}; 1 command had been sent and confirmed\n"
        assert open_end(process.stderr).read() == logged


def test_when_every_command_failed_so_has_the_sending(installation: Installation) -> None:
    sent = installation.type("send", written(installation, [create(new_username(), package="Platinum")]), "--wait")
    assert sent.returncode == FAILED
    assert [event["type"] for event in rows(sent.stdout)] == ["CommandFailed"]


def test_what_nobody_answered_in_time_is_named(own_installation: Installation) -> None:
    command = create(new_username())
    sent = own_installation.type("send", written(own_installation, [command]), "--wait", "--timeout", "0.1")
    assert (sent.returncode, sent.stdout) == (PARTLY, "")
    assert f"no result within 0.1 s for {command.id}" in sent.stderr


def test_a_repeat_in_the_same_file_is_answered_once(installation: Installation) -> None:
    command = create(new_username())
    sent = installation.type("send", written(installation, [command, command, disable(command.username)]), "--wait")
    assert sent.returncode == DONE
    assert [event["type"] for event in rows(sent.stdout)] == ["CustomerCreated", "CustomerDisabled"]
