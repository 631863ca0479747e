"""Health and metrics over real sockets."""

import json
import threading
from collections.abc import Iterator

import pytest
import requests
from prometheus_client import CollectorRegistry, Counter

from worker.telemetry.health import HealthServer, Questions, State


class Answers:
    """What the server will be told."""

    def __init__(self) -> None:
        self.live = State(True, {"live": True})
        self.ready = State(False, {"ready": False, "state": "waiting for the broker"})


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def url(answers: Answers) -> Iterator[str]:
    registry = CollectorRegistry()
    Counter("demo", "A counter", registry=registry).inc()
    server = HealthServer("127.0.0.1", 0, registry, Questions(lambda: answers.live, lambda: answers.ready))
    server.start()
    yield f"http://127.0.0.1:{server.port}"
    server.stop()
    assert not server.alive


def test_liveness_and_readiness_are_two_questions(url: str) -> None:
    assert requests.get(f"{url}/livez", timeout=5).status_code == 200
    answer = requests.get(f"{url}/readyz", timeout=5)

    assert answer.status_code == 503
    assert json.loads(answer.text)["state"] == "waiting for the broker"


def test_metrics_are_plain_by_default_and_openmetrics_when_asked_for(url: str) -> None:
    plain = requests.get(f"{url}/metrics", timeout=5)
    asked = requests.get(f"{url}/metrics", timeout=5, headers={"Accept": "application/openmetrics-text; version=1.0.0"})

    assert "demo_total 1.0" in plain.text
    assert asked.headers["Content-Type"].startswith("application/openmetrics-text")
    assert asked.text.endswith("# EOF\n")


def test_an_unknown_path_says_which_ones_there_are(url: str) -> None:
    answer = requests.get(url, timeout=5)

    assert answer.status_code == 404
    assert "/readyz" in answer.text


def test_one_scraper_that_hangs_does_not_keep_others_from_an_answer(answers: Answers) -> None:
    hangs, goes_on = threading.Event(), threading.Event()

    def slow() -> State:
        hangs.set()
        goes_on.wait(30)
        return State(True, {})

    server = HealthServer("127.0.0.1", 0, CollectorRegistry(), Questions(lambda: answers.live, slow))
    server.start()
    asking = threading.Thread(target=requests.get, args=(f"http://127.0.0.1:{server.port}/readyz",), daemon=True)
    asking.start()
    assert hangs.wait(10)

    assert requests.get(f"http://127.0.0.1:{server.port}/livez", timeout=5).status_code == 200
    goes_on.set()
    asking.join()
    server.stop()
