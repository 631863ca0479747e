"""Settings that cannot be used, that nothing reads, or that do not go together."""

import re
from collections.abc import Iterator
from math import ceil

from worker.doctor import lines
from worker.doctor.facts import SettingsFacts
from worker.doctor.findings import Area, Danger, Finding, Rule, Severity

#: What Kubernetes grants where a pod names nothing, seconds; systemd grants 90.
_USUAL_GRACE_SECONDS = 30.0
#: What the rest of a stop takes: giving back, the last commits, closing.
_FAREWELL_SECONDS = 5.0


def settings_rules(settings: SettingsFacts) -> Iterator[Finding]:
    """Look at the settings alone."""
    for fault in settings.faults:
        yield _finding(Rule.SETTINGS_USABLE, Severity.BROKEN, fault, _set_anew(fault), Danger.STOP)
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
    yield from _times(settings)
    yield from _rate(settings)


def _finding(rule: Rule, severity: Severity, text: str, mend: str, danger: Danger | None = None) -> Finding:
    return Finding(rule, Area.SETTINGS, severity, text, mend, danger)


def _set_anew(fault: str) -> str:
    """Every fault begins with the name of its setting; what may hold a secret is better given as a file."""
    name = re.match(r"PROVISIONING_\w+", fault)
    if name is None:
        return "provisioning-worker config check"
    return f"export {name[0]}_FILE=PATH" if re.search("KEY|URL", name[0]) else f"export {name[0]}=VALUE"


def _times(settings: SettingsFacts) -> Iterator[Finding]:
    if settings.settle_seconds < settings.timeout_seconds:
        text = (
            f"after an unknown outcome the worker looks again after {settings.settle_seconds:g} s, and a call may last "
            f"{settings.timeout_seconds:g} s: the provider may still be applying what was then not found"
        )
        mend = lines.export("PROVIDER__SETTLE_SECONDS", f"{settings.timeout_seconds:g}")
        yield _finding(Rule.SETTLE_TIME, Severity.RISK, text, mend, Danger.DOUBLES)
    if settings.drain_seconds < settings.timeout_seconds:
        text = (
            f"a stop waits {settings.drain_seconds:g} s, and a call may last {settings.timeout_seconds:g} s: stops "
            "will abandon calls, which must be looked up afterwards"
        )
        mend = lines.export("WORKER__DRAIN_SECONDS", f"{settings.timeout_seconds + _FAREWELL_SECONDS:g}")
        yield _finding(Rule.DRAIN_TIME, Severity.RISK, text, mend, Danger.STOP)
    if settings.drain_seconds + _FAREWELL_SECONDS > _USUAL_GRACE_SECONDS:
        text = (
            f"a stop may take {settings.drain_seconds + _FAREWELL_SECONDS:g} s, and Kubernetes kills after "
            f"{_USUAL_GRACE_SECONDS:g} s unless terminationGracePeriodSeconds is longer"
        )
        seconds = ceil(settings.drain_seconds + 2 * _FAREWELL_SECONDS)
        patch = f'{{"spec":{{"template":{{"spec":{{"terminationGracePeriodSeconds":{seconds}}}}}}}}}'
        mend = f"kubectl patch deployment DEPLOYMENT -p '{patch}'"
        yield _finding(Rule.DRAIN_TIME, Severity.NOTE, text, mend, Danger.STOP)


def _rate(settings: SettingsFacts) -> Iterator[Finding]:
    if not settings.rate_per_minute:
        return
    window_seconds = settings.prefetch * 60 / settings.rate_per_minute
    if window_seconds > settings.hold_seconds:
        text = (
            f"{settings.prefetch} held commands take {window_seconds:.0f} s at {settings.rate_per_minute} calls a "
            f"minute, and the window is given back after {settings.hold_seconds:g} s: the last come again and again"
        )
        # Never by a smaller window: what is given back to it would come out of order.
        mend = lines.export("PROVIDER__RATE_PER_MINUTE", ceil(settings.prefetch * 60 / settings.hold_seconds))
        yield _finding(Rule.RATE_AND_WINDOW, Severity.RISK, text, mend, Danger.STOP)
    if settings.concurrency > settings.rate_per_minute:
        text = (
            f"{settings.concurrency} calls may run at once and {settings.rate_per_minute} may begin in a minute: the "
            "others only wait for their turn"
        )
        mend = lines.export("WORKER__CONCURRENCY", settings.rate_per_minute)
        yield _finding(Rule.RATE_AND_WINDOW, Severity.NOTE, text, mend)
