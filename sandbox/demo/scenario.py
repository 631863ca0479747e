"""What the demonstration sends: thirty messages in five steps, and how each must end."""

from dataclasses import dataclass

from sandbox.demo.messages import Message, command, expecting, signup

#: This customer's create is applied, but its answer is lost.
LOST_ANSWER = "iris@example.com"

_TOO_SHORT = "abc"


@dataclass(frozen=True, slots=True)
class ScenarioStep:
    """Messages that are sent together. `outage` makes the provider refuse every call for a while."""

    title: str
    messages: tuple[Message, ...]
    outage: bool = False


def scenario() -> tuple[ScenarioStep, ...]:
    """Every step, in order."""
    signups, twins = _signups(), _sent_again()
    return (
        ScenarioStep("Eight customers sign up", signups),
        ScenarioStep("The billing system repeats itself, and makes mistakes", twins),
        ScenarioStep("The provider goes away for three seconds", _during_the_outage(), outage=True),
        ScenarioStep("Customers change, and one changes its name", _changes()),
        ScenarioStep("Credentials, and customers that are not there", _afterwards()),
    )


def _signups() -> tuple[Message, ...]:
    names = ("ada", "ben", "cleo", "dora", "emil", "fay")
    plain = [signup(number, name, "signs up") for number, name in enumerate(names, start=1001)]
    lost = signup(1007, "iris", "signs up; the answer is lost after it was applied", outcome="already_applied")
    wrong = signup(
        1008, "gus", "signs up for a package that does not exist", outcome="provider_rejected", package="Gilt"
    )
    return (*plain, lost, wrong)


def _sent_again() -> tuple[Message, ...]:
    original = signup(1001, "ada", "the same signup, delivered a second time")
    other = signup(1002, "ben", "the same id as ben's signup, other content", outcome="id_conflict", city="Elsewhere")
    short = signup(1009, "hal", "signs up with a password of three characters", outcome="invalid", password=_TOO_SHORT)
    broken = Message(
        "a body that is no JSON",
        "",
        "evt_1010",
        "CreateCustomer",
        b"username=jo@example.com",
        "CommandFailed",
        "undecodable",
        content_type=None,
    )
    unknown = command(1011, "SuspendCustomer", "cleo", {"username": "cleo@example.com"})
    return (
        expecting(original, original.description, "CustomerCreated", "applied"),
        other,
        short,
        broken,
        expecting(unknown, "a command that does not exist", "CommandFailed", "unknown_type"),
    )


def _during_the_outage() -> tuple[Message, ...]:
    names = ("kim", "lou", "max", "nia", "otto")
    signups = [signup(number, name, "signs up while the provider is away") for number, name in enumerate(names, 1012)]
    disable = command(1017, "DisableCustomer", "kim", {"username": "kim@example.com"})
    return (*signups, expecting(disable, "is disabled right after", "CustomerDisabled", "applied", "disable"))


def _changes() -> tuple[Message, ...]:
    new_name = {"username": "ben@example.com", "new_username": "benjamin@example.com"}
    mailer = {"username": "ada@example.com", "credential_name": "ada-mailer"}
    moved = command(1018, "UpdateProfile", "ada", {"username": "ada@example.com", "city": "Łódź"})
    added = command(1019, "AddCredential", "ada", {**mailer, "credential_password": "ada-mailer-0"})
    removed = command(1020, "RemoveCredential", "ada", mailer)
    renamed = command(1021, "ChangeUsername", "ben", new_name)
    profile = command(1022, "UpdateUserProfile", "benjamin", {"on_behalf_of": "benjamin@example.com", "city": "Graz"})
    listed = command(1023, "RetrieveCustomers", "", {"username": "@example.com"})
    return (
        expecting(moved, "moves to another city", "ProfileUpdated", "applied", "set_profile"),
        expecting(added, "gets a further login", "CredentialAdded", "applied", "credential_add"),
        expecting(removed, "loses it again", "CredentialRemoved", "applied", "credential_delete"),
        expecting(renamed, "is called benjamin from now on", "UsernameChanged", "applied", "set_username"),
        expecting(profile, "moves too, under the new name", "UserProfileUpdated", "applied", "user_profile_update"),
        expecting(listed, "all customers are listed", "CustomersRetrieved", "applied"),
    )


def _afterwards() -> tuple[Message, ...]:
    rotation = {
        "username": "harbor@example.com",
        "credential_name": "harbor-mailer",
        "new_credential_password": "harbor-mailer-1",
    }
    stranger = {**rotation, "credential_name": "nobody-mailer"}
    disable = command(1026, "DisableCustomer", "dora", {"username": "dora@example.com"})
    nobody = command(1027, "DisableCustomer", "zoe", {"username": "zoe@example.com"})
    rotated = command(1024, "RotateCredential", "harbor", rotation)
    return (
        expecting(rotated, "rotates a credential", "CredentialRotated", "applied", "credential_edit"),
        expecting(
            command(1025, "RotateCredential", "harbor", stranger),
            "rotates a credential that does not exist",
            "CommandFailed",
            "provider_rejected",
        ),
        expecting(disable, "is disabled", "CustomerDisabled", "applied", "disable"),
        expecting(nobody, "is disabled, but never signed up", "CommandFailed", "provider_rejected"),
        expecting(rotated, "the same rotation, delivered a second time", "CredentialRotated", "applied"),
    )
