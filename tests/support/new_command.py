"""A command that nobody has: what adds it to the tree, in the places that CONTRIBUTING.md names, and what plays it.

Run as a program inside such a tree it lets that tree's own worker apply the command, and prints what came of it.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

#: Place -> the text behind which something is added, and what.
EDITS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "messages/commands/changes.py": (
        (
            "    email: Email\n",
            '''

class PhoneChanged(Succeeded):
    """The customer has the new phone number."""

    phone: str = Field(description="The new number.")


class ChangePhone(SetCommand):
    """Give a customer a new phone number."""

    event = PhoneChanged
    examples = ({**CUSTOMER, "phone": "+1 555 0199"},)

    phone: Text50
''',
        ),
    ),
    "worker/provider/calls.py": (
        (
            'commands.ChangeEmail: _manage("set_email", "profile", "setEmail"),\n',
            '        commands.ChangePhone: _manage("set_phone", "profile", "setPhone"),\n',
        ),
    ),
    "sandbox/provider/operations/calls.py": (('    SET_EMAIL = "set_email"\n', '    SET_PHONE = "set_phone"\n'),),
    "sandbox/provider/operations/customers/changes.py": (
        (
            'return _put(call, found, email=call.form.get("email"))\n',
            '''

def set_phone(call: ServedCall) -> Reply:
    """Sets the phone number."""
    found = _customer(call, validation.missing(call.form, ("user", "phone")))
    return _put(call, found, phone=call.form.get("phone")) if isinstance(found, Customer) else found
''',
        ),
        (
            'Served(Operation.SET_EMAIL, set_email, ("manage", "profile", "setEmail")),\n',
            '    Served(Operation.SET_PHONE, set_phone, ("manage", "profile", "setPhone")),\n',
        ),
    ),
    "tests/matrix/cases.py": (
        (
            "Operation.SET_EMAIL, _customer_where(ADA, email=NEW)),\n",
            '    Case(_about(ADA, "ChangePhone", phone="1"), Operation.SET_PHONE, _customer_where(ADA, phone="1")),\n',
        ),
    ),
}


def add_to(tree: Path) -> None:
    """Write the command into a copy of the project."""
    for place, edits in EDITS.items():
        text = (tree / place).read_text(encoding="utf-8")
        for behind, added in edits:
            assert text.count(behind) == 1, f"{place} has no one place behind {behind!r}"
            text = text.replace(behind, behind + added)
        (tree / place).write_text(text, encoding="utf-8")


def _play(broker_url: str) -> dict[str, object]:
    # Of the tree that this runs in, and not yet there when the tree is made.
    from tests.matrix.cases import ADA, CASES, seed  # noqa: PLC0415 - see above
    from tests.support.installation import open_installation  # noqa: PLC0415 - see above

    [case] = [case for case in CASES if case.command.type == "ChangePhone"]
    # Its worker runs where its files are: in this tree, whose modules it then loads.
    with open_installation(broker_url, Path.cwd(), seed()) as installation:
        with installation.worker() as worker:
            installation.emitter.publish(case.command, case.command)
            installation.listener.await_count(2)
            assert worker.terminate() == 0
        first, second = installation.listener.events_of(case.command)
        made = [entry.operation.value for entry in installation.sandbox.journal()]
        return {
            "type": first.properties.type,
            "data": first.data,
            "repeat": "the same" if first.body == second.body else "another",
            "made": made,
            "phone": installation.sandbox.state().customers[ADA].phone,
        }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_play(sys.argv[1])))
