"""Training from the command line rejects a wrong place for its output before it reads anything."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Call


def test_training_into_a_bucket_is_refused_before_anything_is_read(tmp_path: Path, call: "Call") -> None:
    pytest.importorskip("torch")
    done = call("train", "run", "no.yaml", "--data", "none", "--out", "s3://bucket/model")
    assert done.code == 2 and "--out s3://bucket/model: checkpoints are written to a local folder" in done.err
    assert list(tmp_path.iterdir()) == []
