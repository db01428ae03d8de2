"""Training from the command line: what is refused, before anything is read."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest


def test_training_into_a_bucket_is_refused_before_anything_is_read(
    tmp_path: Path, pipeline: Callable[..., "subprocess.CompletedProcess[str]"]
) -> None:
    pytest.importorskip("torch")
    done = pipeline("train", "run", "no.yaml", "--data", "none", "--out", "s3://bucket/model")
    assert done.returncode == 2 and "--out s3://bucket/model: checkpoints are written to a local folder" in done.stderr
    assert list(tmp_path.iterdir()) == []
