"""Ray and KubeRay accept the examples for clusters, which name commands and versions that exist."""

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
RAY_VERSION = next(
    line.removeprefix("ray==") for line in (ROOT / "constraints.txt").read_text().split() if line.startswith("ray==")
)
# The fields of ray.io/v1 RayJob and its parts (KubeRay 1.7 API reference) that the example uses, with their types.
RAY_JOB = {
    "entrypoint": str,
    "backoffLimit": int,
    "shutdownAfterJobFinishes": bool,
    "ttlSecondsAfterFinished": int,
    "rayClusterSpec": {
        "rayVersion": str,
        "authOptions": {"mode": str},
        "enableInTreeAutoscaling": bool,
        "autoscalerOptions": {"idleTimeoutSeconds": int, "upscalingMode": str},
        "headGroupSpec": {"rayStartParams": {str: str}, "template": dict},
        "workerGroupSpecs": [
            {
                "groupName": str,
                "minReplicas": int,
                "replicas": int,
                "maxReplicas": int,
                "rayStartParams": {str: str},
                "template": dict,
            }
        ],
    },
}


def load(name: str) -> Any:
    return yaml.safe_load((DEPLOY / name).read_text(encoding="utf-8"))


def conforms(value: Any, shape: Any) -> bool:
    if isinstance(shape, list):
        return isinstance(value, list) and all(conforms(item, shape[0]) for item in value)
    if isinstance(shape, dict) and str in shape:
        return isinstance(value, dict) and all(isinstance(item, str) for pair in value.items() for item in pair)
    if isinstance(shape, dict):
        return isinstance(value, dict) and all(k in shape and conforms(v, shape[k]) for k, v in value.items())
    return type(value) is shape


def parses_as_pipeline_command(words: list[str]) -> bool:
    from typer.main import get_command

    from tokenmill.cli.app import app

    group: Any = get_command(app)
    command = group.commands[words[1]]
    command.make_context(words[1], words[2:])  # raises on an unknown option
    return True


def test_the_ray_job_has_only_fields_that_kuberay_knows() -> None:
    job = load("kuberay-rayjob.yaml")
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    assert conforms(job["spec"], RAY_JOB)
    assert job["spec"]["rayClusterSpec"]["rayVersion"] == RAY_VERSION
    assert f"rayproject/ray:{RAY_VERSION}" in (DEPLOY / "kuberay-rayjob.yaml").read_text()
    words = shlex.split(job["spec"]["entrypoint"])
    assert words[0] == "pipeline" and parses_as_pipeline_command(words)


def test_the_pods_of_the_ray_job_mount_what_they_define() -> None:
    cluster = load("kuberay-rayjob.yaml")["spec"]["rayClusterSpec"]
    for group in [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]:
        pod = group["template"]["spec"]
        volumes = {volume["name"] for volume in pod["volumes"]}
        for container in pod["containers"]:
            assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
            assert set(container["resources"]["requests"]) >= {"cpu", "memory"}


def test_ray_accepts_the_cluster_on_aws() -> None:
    """Ray's own schema checks the file, as `ray up` does before it asks the cloud for anything."""
    util = pytest.importorskip("ray.autoscaler._private.util")
    config = util.prepare_config(load("aws.yaml"))
    util.validate_config(config)
    assert set(config["available_node_types"]) == {"head", "worker"}


def test_ray_accepts_the_runtime_environment() -> None:
    runtime_env = pytest.importorskip("ray.runtime_env")
    made = runtime_env.RuntimeEnv(**load("runtime_env.yaml"), working_dir="s3://bucket/package.zip")
    assert made.pip_config()["packages"][0] == "${RAY_RUNTIME_ENV_CREATE_WORKING_DIR}[s3]"


def test_no_secrets_are_in_the_examples() -> None:
    for path in DEPLOY.iterdir():
        text = path.read_text().lower()
        assert "secret_access_key" not in text and "aws_access_key" not in text, path
