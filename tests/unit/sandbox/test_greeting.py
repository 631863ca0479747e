"""What the stand-in says when it starts."""

from pathlib import Path

from sandbox.provider.accounts.seed import check_seed
from sandbox.provider.greeting import greeting
from sandbox.provider.settings import SandboxConfig

URL = "http://127.0.0.1:8025"


def test_a_newcomer_reads_where_it_is_how_to_log_in_and_how_to_break_it() -> None:
    text = greeting(URL, SandboxConfig())

    assert text.startswith(f"sandbox provider listening on {URL}\n")
    assert "api_user=demo-reseller api_key=demo-key" in text
    assert f"{URL}/_sandbox/faults" in text
    assert "in memory" in text


def test_it_says_where_the_state_is_kept() -> None:
    assert "kept in /srv/state;" in greeting(URL, SandboxConfig(state_file=Path("/srv/state")))


def test_keys_that_are_not_the_demonstrations_are_not_reported() -> None:
    seed = check_seed()

    text = greeting(URL, SandboxConfig(seed=seed))

    assert "api_user=acme (its key is the one you set)" in text
    assert [key for one in seed.resellers if (key := f"={one.api_key.get_secret_value()}") in text.split()] == []
    assert "SG." not in text


def test_a_demonstration_login_with_another_key_is_not_reported_either() -> None:
    demo = SandboxConfig().seed
    own = demo.resellers[0].model_copy(update={"api_key": check_seed().resellers[1].api_key})

    text = greeting(URL, SandboxConfig(seed=demo.model_copy(update={"resellers": (own,)})))

    assert "pw2" not in text
    assert "api_user=demo-reseller (its key" in text
