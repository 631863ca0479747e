"""What the examples of several commands have in common."""

from collections.abc import Mapping
from types import MappingProxyType

ADDRESS = "ada@example.com"
NEW_ADDRESS = "ada@example.org"
SECRET = "only-an-example-42"  # noqa: S105 - what it says
CUSTOMER: Mapping[str, str] = MappingProxyType({"username": ADDRESS})
CREDENTIAL: Mapping[str, str] = MappingProxyType({**CUSTOMER, "credential_name": "ada-mailer"})
PROFILE: Mapping[str, str] = MappingProxyType(
    {
        "first_name": "Ada",
        "last_name": "Example",
        "address": "1 Any Street",
        "city": "Anytown",
        "state": "CA",
        "zip": "90000",
        "country": "US",
        "phone": "+1 555 0100",
        "website": "https://example.com",
        "company": "Example Company",
    }
)
