"""The provider: reached, and both logins accepted."""

from collections.abc import Iterator

from worker.doctor import remedies
from worker.doctor.facts import LoginStatus, ProviderFacts
from worker.doctor.findings import Area, Danger, Finding, Rule, Severity


def provider_rules(provider: ProviderFacts) -> Iterator[Finding]:
    """Look at what became of each login."""
    yield from _v2(provider)
    yield from _v3(provider)


def _v2(provider: ProviderFacts) -> Iterator[Finding]:
    match provider.v2:
        case LoginStatus.AWAY:
            text = f"{provider.v2_words}: intake pauses, and no command is charged"
            mend = remedies.export("PROVIDER__BASE_URL", "https://HOST")
            yield Finding(Rule.PROVIDER_REACHED, Area.PROVIDER, Severity.BROKEN, text, mend, Danger.STOP)
        case LoginStatus.REFUSED:
            text = f"{provider.v2_words}: intake pauses until the login is accepted, and no command is charged"
            mend = remedies.export("PROVIDER__API_KEY_FILE", "/run/secrets/provider-password")
            yield Finding(Rule.PROVIDER_LOGIN, Area.PROVIDER, Severity.BROKEN, text, mend, Danger.STOP)
        case LoginStatus.UNCLEAR:
            text = f"the provider answers, but not as it should: {provider.v2_words}"
            mend = "provisioning-worker config show"
            yield Finding(Rule.PROVIDER_REACHED, Area.PROVIDER, Severity.UNKNOWN, text, mend, Danger.STOP)


def _v3(provider: ProviderFacts) -> Iterator[Finding]:
    match provider.v3:
        case LoginStatus.REFUSED:
            text = f"{provider.v3_words}: UpdateUserProfile waits until the key is accepted"
            mend = remedies.export("PROVIDER__V3_API_KEY_FILE", "/run/secrets/provider-v3-key")
            yield Finding(Rule.PROVIDER_V3_KEY, Area.PROVIDER, Severity.BROKEN, text, mend, Danger.STOP)
        case LoginStatus.AWAY:
            text = f"the v3 API does not answer ({provider.v3_words}): UpdateUserProfile waits"
            mend = remedies.export("PROVIDER__V3_BASE_URL", "https://HOST")
            yield Finding(Rule.PROVIDER_REACHED, Area.PROVIDER, Severity.BROKEN, text, mend, Danger.STOP)
        case LoginStatus.UNCLEAR:
            text = f"whether the provider takes the v3 key is unknown: {provider.v3_words}"
            mend = "provisioning-worker config show"
            yield Finding(Rule.PROVIDER_V3_KEY, Area.PROVIDER, Severity.UNKNOWN, text, mend, Danger.STOP)
