"""A result in `kept/` is complete, or it has no manifest."""

from pathlib import Path

import pytest

from tokenmill.core.io import storage
from tokenmill.core.io.storage import FileRecord
from tokenmill.pipeline.record.kept import keep_copy, kept_manifest, kept_manifest_path, restore
from tokenmill.pipeline.record.ledger import json_path, whole_manifest
from tokenmill.pipeline.record.manifest import Manifest


class Stop(Exception):
    """The driver dies here."""


def test_the_manifest_of_a_restored_result_is_deleted_before_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Regression: if the driver died in between, `verify` called the result in `kept/` damaged."""
    folder, real = str(tmp_path), storage.delete
    storage.write_bytes(f"{folder}/data/000000.parquet", b"rows")
    manifest = Manifest("f0", outputs=[FileRecord("data/000000.parquet", 4, "")])
    keep_copy(folder, manifest)
    assert kept_manifest(folder, "f0") == manifest

    def dies_at_a_folder(path: str) -> None:
        if Path(path).is_dir():
            raise Stop
        real(path)

    monkeypatch.setattr(storage, "delete", dies_at_a_folder)
    with pytest.raises(Stop):
        restore(folder, manifest, json_path(folder, 0), paths={})
    assert whole_manifest(json_path(folder, 0), folder) == manifest
    assert not storage.exists(kept_manifest_path(folder, "f0"))
