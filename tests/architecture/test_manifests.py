"""The manifests are valid, safe, and name only settings that exist. No cluster is asked."""

from pathlib import Path
from typing import cast

import kubernetes_validate  # type: ignore[import-untyped]  # ships no types
import pytest
import yaml

from tests.architecture.rendering import (
    K8S,
    Render,
    Resource,
    by_name,
    listed,
    names_of,
    of_kind,
    read,
    renderers,
)
from worker.settings import Settings, load, unknown_names
from worker.settings.loading import names

BASE = K8S / "base"
MIGRATE = K8S / "migrate"
EXAMPLE = K8S / "overlays" / "example"
TEMPLATE = K8S / "secret.template.yaml"
#: The oldest Kubernetes this is written for, and the newest one whose schemas are at hand.
VERSIONS = ("1.32", kubernetes_validate.latest_version())
#: What a stop does after its drain: settle, disconnect, close the ledger.
SECONDS_AFTER_DRAIN = 15
SELECTORS = {"app.kubernetes.io/name": "provisioning-worker", "app.kubernetes.io/component": "worker"}


@pytest.fixture(scope="module")
def base() -> list[Resource]:
    return listed(BASE)


@pytest.fixture(scope="module")
def worker(base: list[Resource]) -> Resource:
    return of_kind(base, "Deployment")


@pytest.fixture(params=["Deployment", "Job"])
def pod(request: pytest.FixtureRequest) -> Resource:
    """The specification of every kind of pod that is described here."""
    owner = of_kind(listed(BASE) + listed(MIGRATE), request.param)
    return cast("Resource", owner["spec"]["template"]["spec"])


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("folder", [BASE, MIGRATE, EXAMPLE], ids=lambda folder: folder.name)
@pytest.mark.parametrize("render", renderers(), ids=lambda render: render.__name__)
def test_every_manifest_is_valid_to_the_last_field(version: str, folder: Path, render: Render) -> None:
    for resource in [*render(folder), *read(TEMPLATE)]:
        kubernetes_validate.validate(resource, version, strict=True)


@pytest.mark.parametrize("folder", [BASE, MIGRATE], ids=lambda folder: folder.name)
@pytest.mark.parametrize("render", renderers(), ids=lambda render: render.__name__)
def test_each_way_of_rendering_gives_what_is_listed(folder: Path, render: Render) -> None:
    assert by_name(render(folder)) == by_name(listed(folder))


def test_the_base_lists_every_file_beside_it(base: list[Resource]) -> None:
    written = [each for path in BASE.glob("*.yaml") if path.name != "kustomization.yaml" for each in read(path)]

    assert names_of(base) == names_of(written)
    assert sorted(kind for kind, _ in names_of(base)) == [
        "ConfigMap",
        "Deployment",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "Service",
        "ServiceAccount",
    ]


@pytest.mark.parametrize("folder", [BASE, MIGRATE, EXAMPLE], ids=lambda folder: folder.name)
@pytest.mark.parametrize("render", renderers(), ids=lambda render: render.__name__)
def test_no_secret_is_ever_applied_with_them(folder: Path, render: Render) -> None:
    assert "Secret" not in {kind for kind, _ in names_of(render(folder))}
    assert all("REPLACE-ME" in value for value in read(TEMPLATE)[0]["stringData"].values())


def test_a_pod_is_what_the_restricted_standard_allows(pod: Resource) -> None:
    (container,) = pod["containers"]

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not pod.keys() & {"hostNetwork", "hostPID", "hostIPC", "initContainers"}
    assert {next(iter(volume.keys() - {"name"})) for volume in pod["volumes"]} == {"secret", "emptyDir"}


def test_a_pod_has_nothing_of_the_cluster_that_it_does_not_need(pod: Resource, base: list[Resource]) -> None:
    account = of_kind(base, "ServiceAccount")

    assert pod["serviceAccountName"] == account["metadata"]["name"]
    assert account["automountServiceAccountToken"] is False
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False


def test_a_pod_can_write_to_tmp_and_only_read_its_secrets(pod: Resource) -> None:
    mounts = {mount["name"]: mount for mount in pod["containers"][0]["volumeMounts"]}

    assert mounts["tmp"] == {"name": "tmp", "mountPath": "/tmp"}  # noqa: S108 - the container's own
    assert mounts["secrets"]["readOnly"] is True
    assert pod["volumes"][0]["secret"]["defaultMode"] == 0o440
    assert pod["securityContext"]["fsGroup"] == pod["securityContext"]["runAsGroup"]


def test_a_pod_states_its_needs_and_the_image_it_runs(pod: Resource) -> None:
    (container,) = pod["containers"]

    assert container["resources"]["requests"].keys() == {"cpu", "memory"}
    assert container["resources"]["limits"].keys() == {"memory"}
    assert container["image"] == "provisioning-worker:0.1.0"


def test_a_standby_is_always_there(worker: Resource, base: list[Resource]) -> None:
    assert worker["spec"]["replicas"] == 2
    assert worker["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert of_kind(base, "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1


def test_the_kubelet_waits_longer_than_the_drain(worker: Resource, base: list[Resource]) -> None:
    grace = worker["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    drain = float(of_kind(base, "ConfigMap")["data"]["PROVISIONING_WORKER__DRAIN_SECONDS"])

    assert drain == Settings.model_fields["worker"].default.drain_seconds
    assert grace >= drain + SECONDS_AFTER_DRAIN


def test_the_probes_ask_the_worker_and_not_what_it_depends_on(worker: Resource) -> None:
    (container,) = worker["spec"]["template"]["spec"]["containers"]
    paths = {name: container[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")}
    (port,) = container["ports"]

    assert paths == {"startup": "/livez", "liveness": "/livez", "readiness": "/readyz"}
    assert {container[f"{name}Probe"]["httpGet"]["port"] for name in paths} == {port["name"]}
    assert port["containerPort"] == Settings.model_fields["http"].default.port


def test_everything_that_selects_pods_selects_the_workers_and_no_migration(
    worker: Resource, base: list[Resource]
) -> None:
    pods = worker["spec"]["template"]
    spread = pods["spec"]["topologySpreadConstraints"]
    migration = of_kind(listed(MIGRATE), "Job")["spec"]["template"]["metadata"]["labels"]

    assert pods["metadata"]["labels"] == worker["spec"]["selector"]["matchLabels"] == SELECTORS
    assert of_kind(base, "Service")["spec"]["selector"] == SELECTORS
    assert of_kind(base, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == SELECTORS
    assert [each["labelSelector"]["matchLabels"] for each in spread] == [SELECTORS, SELECTORS]
    assert SELECTORS.items() > of_kind(base, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"].items()
    assert not SELECTORS.items() <= migration.items()


def test_the_network_lets_through_only_what_the_worker_speaks(base: list[Resource]) -> None:
    policy = of_kind(base, "NetworkPolicy")["spec"]
    (entrance,) = policy["ingress"]
    exits = {(port["protocol"], port["port"]) for rule in policy["egress"] for port in rule["ports"]}

    assert sorted(policy["policyTypes"]) == ["Egress", "Ingress"]
    assert entrance["ports"] == [{"protocol": "TCP", "port": 9464}]
    assert entrance["from"], "without a sender everybody could read the metrics"
    assert exits == {("UDP", 53), ("TCP", 53), ("TCP", 5671), ("TCP", 5672), ("TCP", 443), ("TCP", 5432)}


def test_the_metrics_of_a_pod_that_is_not_ready_are_served_too(base: list[Resource]) -> None:
    service = of_kind(base, "Service")["spec"]

    assert service["publishNotReadyAddresses"] is True
    assert [port["port"] for port in service["ports"]] == [9464]


@pytest.mark.parametrize("render", renderers(), ids=lambda render: render.__name__)
def test_the_example_puts_the_whole_base_into_a_restricted_namespace(render: Render, base: list[Resource]) -> None:
    resources = render(EXAMPLE)
    labels = of_kind(resources, "Namespace")["metadata"]["labels"]

    assert names_of(resources) == names_of(base) | {("Namespace", "provisioning")}
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_every_setting_that_a_manifest_names_exists(base: list[Resource]) -> None:
    (container,) = of_kind(listed(MIGRATE), "Job")["spec"]["template"]["spec"]["containers"]
    named = {
        *of_kind(base, "ConfigMap")["data"],
        *read(TEMPLATE)[0]["stringData"],
        *(variable["name"] for variable in container["env"]),
    }

    assert {name.removesuffix("_FILE") for name in named} <= set(names())


def test_no_secret_is_a_plain_value(base: list[Resource]) -> None:
    plain = {name for name in of_kind(base, "ConfigMap")["data"] if not name.endswith("_FILE")}

    assert not plain & read(TEMPLATE)[0]["stringData"].keys()


@pytest.fixture
def seen(base: list[Resource], tmp_path: Path) -> dict[str, str]:
    """The environment of a pod, with the Secret's files where this machine can read them."""
    for key, value in read(TEMPLATE)[0]["stringData"].items():
        (tmp_path / key).write_text(value, encoding="utf-8")
    container = of_kind(base, "Deployment")["spec"]["template"]["spec"]["containers"][0]
    folder = container["volumeMounts"][0]["mountPath"]
    return {name: value.replace(folder, str(tmp_path)) for name, value in of_kind(base, "ConfigMap")["data"].items()}


def test_the_program_accepts_the_settings_as_the_pod_sees_them(
    seen: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in seen.items():
        monkeypatch.setenv(name, value)

    settings = load(Settings)

    assert unknown_names(seen) == []
    assert settings.ledger.url is not None
    assert settings.ledger.url.get_secret_value().startswith("postgresql+psycopg://"), "replicas share the ledger"
    assert settings.secrets.keys is not None, "replicas share the keys"


def test_every_key_of_the_secret_is_read(seen: dict[str, str]) -> None:
    files = {name: path for name, path in seen.items() if name.endswith("_FILE")}

    assert {name.removesuffix("_FILE") for name in files} == read(TEMPLATE)[0]["stringData"].keys()
    assert all(Path(path).name == name.removesuffix("_FILE") for name, path in files.items())


def test_the_example_changes_what_the_base_has(base: list[Resource], worker: Resource) -> None:
    (kustomization,) = read(EXAMPLE / "kustomization.yaml")
    (container,) = worker["spec"]["template"]["spec"]["containers"]
    (patched,) = [yaml.safe_load(patch["patch"]) for patch in kustomization["patches"]]

    assert kustomization["namespace"] == of_kind(listed(EXAMPLE), "Namespace")["metadata"]["name"]
    assert [image["name"] for image in kustomization["images"]] == [container["image"].partition(":")[0]]
    assert names_of([patched]) <= names_of(base)
    assert patched["data"].keys() <= set(names())
