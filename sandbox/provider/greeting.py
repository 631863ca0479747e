"""What the stand-in prints for whoever starts it: where it listens, how to log in, and how to make it misbehave."""

from collections.abc import Iterator

from sandbox.provider.accounts.seed import SeedReseller, demo_seed
from sandbox.provider.settings import SandboxConfig


def greeting(url: str, config: SandboxConfig) -> str:
    """A few lines. Keys are printed for the demonstration's logins alone: those are no secrets."""
    kept = "in memory, gone when this ends" if config.state_file is None else f"kept in {config.state_file}"
    lines = [
        f"sandbox provider listening on {url}",
        *(f"  login   {login}" for login in _logins(config)),
        f"  state   {kept}; look at {url}/_sandbox/state",
        f"  calls   {url}/_sandbox/journal",
        f"""  faults  curl {url}/_sandbox/faults -d '{{"fault": "error_500", "times": 1}}'""",
    ]
    return "\n".join(lines) + "\n"


def _logins(config: SandboxConfig) -> Iterator[str]:
    known = demo_seed().resellers
    for reseller in config.seed.resellers:
        yield _in_full(reseller) if reseller in known else f"api_user={reseller.api_user} (its key is the one you set)"


def _in_full(reseller: SeedReseller) -> str:
    words = f"api_user={reseller.api_user} api_key={reseller.api_key.get_secret_value()}"
    newer = reseller.v3_api_key
    return words if newer is None else f"{words}, and for /v3 the bearer key {newer.get_secret_value()}"
