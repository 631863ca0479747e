"""The provider: reached, both logins accepted, the clocks together."""

from collections.abc import Iterator
from dataclasses import dataclass

from worker.doctor import lines
from worker.doctor.facts import LoginStatus, ProviderFacts, SettingsFacts
from worker.doctor.findings import Area, Danger, Finding, Rule, Severity

#: Beyond it the provider's "wait until" means another moment than it says.
_SKEW_SECONDS = 60.0


def provider_rules(provider: ProviderFacts, settings: SettingsFacts) -> Iterator[Finding]:
    """Look at the provider's doors and its clock."""
    yield from _v2(provider)
    yield from _v3(provider)
    if provider.v3 is LoginStatus.UNUSED and not settings.v3_key_set:
        text = "no v3 key is set: UpdateUserProfile is refused, every other command works"
        mend = lines.export("PROVIDER__V3_API_KEY_FILE", "/run/secrets/provider-v3-key")
        yield Finding(Rule.PROVIDER_V3_KEY, Area.PROVIDER, Severity.NOTE, text, mend)
    if settings.edition == "distributor":
        text = "the distributor edition has no credentials: AddCredential, RotateCredential and RemoveCredential fail"
        mend = lines.export("PROVIDER__EDITION", "reseller")
        yield Finding(Rule.PROVIDER_EDITION, Area.PROVIDER, Severity.NOTE, text, mend)
    skew = Skew(provider.skew_seconds, _SKEW_SECONDS, "pauses until a rate limit ends last too long or too short")
    yield from skew_rules("the provider's clock", skew, Area.PROVIDER)


@dataclass(frozen=True, slots=True)
class Skew:
    """How far another clock is ahead of this machine's (None: unknown), how far it may be, and what is wrong beyond."""

    seconds: float | None
    allowed_seconds: float
    affects: str


def skew_rules(whose: str, skew: Skew, area: Area) -> Iterator[Finding]:
    """Compare another clock with this machine's; unknown is no finding, since no promise rests on the difference."""
    if skew.seconds is None or abs(skew.seconds) <= skew.allowed_seconds:
        return
    direction = "ahead of" if skew.seconds > 0 else "behind"
    text = f"{whose} is {abs(skew.seconds):.0f} s {direction} this machine's: {skew.affects}"
    yield Finding(Rule.CLOCK_SKEW, area, Severity.RISK, text, "sudo timedatectl set-ntp true")


def _v2(provider: ProviderFacts) -> Iterator[Finding]:
    match provider.v2:
        case LoginStatus.AWAY:
            text = f"{provider.v2_words}: intake pauses, and no command is charged"
            mend = lines.export("PROVIDER__BASE_URL", "https://HOST")
            yield Finding(Rule.PROVIDER_REACHED, Area.PROVIDER, Severity.BROKEN, text, mend, Danger.STOP)
        case LoginStatus.REFUSED:
            text = f"{provider.v2_words}: intake pauses until the login is accepted, and no command is charged"
            mend = lines.export("PROVIDER__API_KEY_FILE", "/run/secrets/provider-password")
            yield Finding(Rule.PROVIDER_LOGIN, Area.PROVIDER, Severity.BROKEN, text, mend, Danger.STOP)
        case LoginStatus.UNCLEAR:
            text = f"the provider answers, but not as it should: {provider.v2_words}"
            mend = "provisioning-worker config show"
            yield Finding(Rule.PROVIDER_REACHED, Area.PROVIDER, Severity.UNKNOWN, text, mend, Danger.STOP)


def _v3(provider: ProviderFacts) -> Iterator[Finding]:
    match provider.v3:
        case LoginStatus.REFUSED:
            text = f"{provider.v3_words}: UpdateUserProfile waits until the key is accepted"
            mend = lines.export("PROVIDER__V3_API_KEY_FILE", "/run/secrets/provider-v3-key")
            yield Finding(Rule.PROVIDER_V3_KEY, Area.PROVIDER, Severity.BROKEN, text, mend, Danger.STOP)
        case LoginStatus.AWAY:
            text = f"the v3 API does not answer ({provider.v3_words}): UpdateUserProfile waits"
            mend = lines.export("PROVIDER__V3_BASE_URL", "https://HOST")
            yield Finding(Rule.PROVIDER_REACHED, Area.PROVIDER, Severity.BROKEN, text, mend, Danger.STOP)
        case LoginStatus.UNCLEAR:
            text = f"whether the provider takes the v3 key is unknown: {provider.v3_words}"
            mend = "provisioning-worker config show"
            yield Finding(Rule.PROVIDER_V3_KEY, Area.PROVIDER, Severity.UNKNOWN, text, mend, Danger.STOP)
