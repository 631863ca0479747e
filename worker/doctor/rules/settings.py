"""Settings that cannot be used, that nothing reads, or that do not go together."""

from collections.abc import Iterator

from worker.doctor import remedies
from worker.doctor.facts import SettingsFacts
from worker.doctor.findings import Area, Danger, Finding, Rule, Severity


def settings_rules(settings: SettingsFacts) -> Iterator[Finding]:
    """Look at the settings alone."""
    for fault in settings.faults:
        # It says itself what to set.
        yield _finding(Rule.SETTINGS_USABLE, Severity.BROKEN, fault, "provisioning-worker config check", Danger.STOP)
    for unknown in settings.unknown:
        text = f"{unknown.name} is set, and nothing reads it"
        mend = (
            f'export {unknown.meant}="${unknown.name}"; unset {unknown.name}'
            if unknown.meant
            else f"unset {unknown.name}"
        )
        yield _finding(Rule.SETTING_KNOWN, Severity.RISK, text, mend)
    for name in settings.plain_urls:
        text = f"{name} is neither encrypted nor on this machine: whoever sees the network reads the passwords"
        url = "amqps://USER:PASSWORD@HOST/VHOST" if name.endswith("AMQP__URL") else "https://HOST"
        mend = f"export {name}={url}; unset PROVISIONING_ALLOW_PLAINTEXT"
        yield _finding(Rule.PLAINTEXT, Severity.RISK, text, mend, Danger.SECRECY)
    yield from _settling(settings)


def _finding(rule: Rule, severity: Severity, text: str, mend: str, danger: Danger | None = None) -> Finding:
    return Finding(rule, Area.SETTINGS, severity, text, mend, danger)


def _settling(settings: SettingsFacts) -> Iterator[Finding]:
    if settings.settle_seconds < settings.timeout_seconds:
        text = (
            f"after an unknown outcome the worker looks again after {settings.settle_seconds:g} s, and a call may last "
            f"{settings.timeout_seconds:g} s: the provider may still be applying what was then not found"
        )
        mend = remedies.export("PROVIDER__SETTLE_SECONDS", f"{settings.timeout_seconds:g}")
        yield _finding(Rule.SETTLE_TIME, Severity.RISK, text, mend, Danger.DOUBLES)
