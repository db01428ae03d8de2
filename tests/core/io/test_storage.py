"""Files are complete or absent, and URLs work as paths do."""

from pathlib import Path

import pytest

from tokenmill.core.io import storage


def test_a_failed_write_leaves_nothing_and_keeps_the_old_file(tmp_path: Path) -> None:
    path = str(tmp_path / "file")
    storage.write_bytes(path, b"old")
    with pytest.raises(ZeroDivisionError), storage.open_output(path) as file:
        file.write(b"half of the n")
        raise ZeroDivisionError
    assert storage.read_bytes(path) == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_an_etag_changes_with_the_content(tmp_path: Path) -> None:
    path = tmp_path / "source"
    path.write_bytes(b"a" * 200_000)
    before = storage.etag(str(path))
    assert storage.etag(str(path)) == before
    path.write_bytes(b"a" * 100_000 + b"b" + b"a" * 99_999)
    assert storage.etag(str(path)) != before


def test_folders_are_listed_by_name_and_files_are_not(tmp_path: Path) -> None:
    for folder in (str(tmp_path), "memory://lists/ut1"):
        for name in ("malware/domains", "adult/urls", "README"):
            storage.write_bytes(f"{folder}/{name}", b"x")
        assert storage.list_folders(folder) == ["adult", "malware"]
        assert storage.list_folders(f"{folder}/nowhere") == []
        storage.delete(folder)


def test_urls_work_as_paths_do() -> None:
    path = "memory://bucket/folder/file"
    record = storage.write_bytes(path, b"content")
    assert storage.size_of(path) == record.bytes == 7 and storage.exists(path)
    assert storage.list_files("memory://bucket/folder") == ["file"]
    assert storage.read_bytes(path) == b"content"
    assert [found.rpartition("/")[2] for found in storage.expand("memory://bucket/folder/*")] == ["file"]
    storage.delete("memory://bucket/folder")
    assert not storage.exists(path) and storage.size_of(path) == -1


def test_links_to_nothing_and_to_themselves_are_listed_apart(tmp_path: Path) -> None:
    """Guards against an earlier fault: a link to itself made every listing raise."""
    (tmp_path / "folder/inside").mkdir(parents=True)
    (tmp_path / "folder/inside/file").write_bytes(b"123")
    (tmp_path / "folder/loop").symlink_to("loop")
    (tmp_path / "folder/inside/gone").symlink_to("nowhere")
    (tmp_path / "folder/unfinished.tmp").symlink_to("nowhere")
    (tmp_path / "folder/linked").symlink_to(tmp_path / "folder/inside/file")
    folder = str(tmp_path / "folder")
    assert storage.sizes(folder) == {"linked": 3} and storage.list_folders(folder) == ["inside"]
    assert storage.files_below(folder) == ["inside/file", "linked"]
    assert storage.not_files(folder) == [f"{folder}/inside/gone", f"{folder}/loop"]
    assert storage.unfinished_files(folder) == [f"{folder}/unfinished.tmp"]
    assert storage.not_files("memory://there") == storage.not_files(str(tmp_path / "nothing")) == []


def test_an_existing_file_wins_over_its_reading_as_a_glob(tmp_path: Path) -> None:
    for name in ("page[1].html", "page1.html", "page2.html"):
        (tmp_path / name).touch()
    assert storage.expand(f"{tmp_path}/page[1].html") == [f"{tmp_path}/page[1].html"]
    assert storage.expand(f"{tmp_path}/page[12].html") == [f"{tmp_path}/page1.html", f"{tmp_path}/page2.html"]


def test_a_remote_file_whose_name_reads_as_a_glob_is_found() -> None:
    folder = "memory://brackets"
    for name in ("page[1].html", "page1.html"):
        storage.write_bytes(f"{folder}/{name}", b"x")
    assert storage.expand(f"{folder}/page[1].html") == [f"{folder}/page[1].html"]
    storage.delete(f"{folder}/page[1].html")
    assert [path.rpartition("/")[2] for path in storage.expand(f"{folder}/page[1].html")] == ["page1.html"]
    storage.delete(folder)


def test_a_link_to_nothing_matches_a_glob_and_a_folder_does_not(tmp_path: Path) -> None:
    """Guards against an earlier fault: the glob skipped such a link, so an input that a tool had removed was missing
    without a message.
    """
    (tmp_path / "in1.txt").touch()
    (tmp_path / "in2.txt").mkdir()
    (tmp_path / "in3.txt").symlink_to("/nonexistent")
    assert storage.expand(f"{tmp_path}/in*.txt") == [f"{tmp_path}/in1.txt", f"{tmp_path}/in3.txt"]
