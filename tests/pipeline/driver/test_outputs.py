"""driver/outputs.py deletes files of a corpus that no manifest lists, but never files behind a link to a folder."""

from pathlib import Path

from tokenmill.core.io.storage import FileRecord
from tokenmill.pipeline.driver.outputs import delete_unlisted
from tokenmill.pipeline.record.manifest import Manifest


def test_unlisted_files_go_but_none_that_is_behind_a_link(tmp_path: Path) -> None:
    corpus, others = tmp_path / "stage/corpus", tmp_path / "others"
    for path in ("train/000000.bin", "train/000009.bin", "old/deep/x.bin"):
        (corpus / path).parent.mkdir(parents=True, exist_ok=True)
        (corpus / path).write_bytes(b"x")
    others.mkdir()
    (others / "precious").write_bytes(b"x")
    (corpus / "loop").symlink_to(".")
    (corpus / "train/elsewhere").symlink_to(others)
    (corpus / "link.bin").symlink_to(others / "precious")
    delete_unlisted(str(tmp_path / "stage"), [Manifest("", outputs=[FileRecord("corpus/train/000000.bin", 1, "")])])
    assert (corpus / "train/000000.bin").exists() and (others / "precious").exists()
    assert not any((corpus / path).exists() for path in ("train/000009.bin", "old/deep/x.bin", "link.bin"))
