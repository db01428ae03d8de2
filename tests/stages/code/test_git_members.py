"""Git repositories are read at a revision, from their objects alone; no command that they contain ever runs."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tokenmill.core.errors import DataError, RecipeError
from tokenmill.stages.code.read_code import ReadCode

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
CALM = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "PATH": os.environ["PATH"]}
NAME = {
    f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "A"), ("EMAIL", "a@b"))
}
DATE = {"GIT_AUTHOR_DATE": "1600000000 +0000", "GIT_COMMITTER_DATE": "1600000000 +0000"}


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=CALM | NAME | DATE, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Creates a repository with two commits, a tag on the first, a symbolic link, and a file that is not committed."""
    folder = tmp_path_factory.mktemp("git") / "tool"
    (folder / "src").mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    (folder / "package.json").write_text('{"license": "ISC"}')
    (folder / "src" / "b.py").write_text("x = 1\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "one")
    git(folder, "tag", "-a", "-m", "first", "v1")
    (folder / "src" / "a.py").write_text("y = 2\n")
    (folder / "src" / "b.py").write_text("x = 3\n")
    (folder / "link.py").symlink_to("/etc/passwd")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "two")
    (folder / "src" / "draft.py").write_text("z = 4\n")
    return folder


def read(path: Path, **options: Any) -> list[dict[str, Any]]:
    work = ReadCode(paths=str(path), **options)
    return [row for shard in work.shards() for batch in work.read(shard) for row in batch.to_pylist()]


def kept(path: Path, **options: Any) -> dict[str, str]:
    return {row["path"]: row["text"] for row in read(path, **options) if row.get("drop_rule") is None}


def test_files_of_the_commit_in_path_order(tool: Path) -> None:
    commit = git(tool, "rev-parse", "HEAD")
    rows = read(tool)
    assert [row["id"] for row in rows] == [
        f"tool@{commit}:{path}" for path in ("link.py", "package.json", "src/a.py", "src/b.py")
    ]
    assert rows[0]["drop_rule"] == "read_code.link" and rows[3]["text"] == "x = 3\n"
    assert {row["license"] for row in rows[1:]} == {"ISC"}
    assert rows[2]["date"].isoformat() == "2020-09-13T12:26:40+00:00"


@pytest.mark.parametrize("revision", ["v1", "refs/tags/v1", "HASH"])
def test_a_tag_a_branch_or_a_hash(tool: Path, revision: str) -> None:
    wanted = git(tool, "rev-parse", "v1^{commit}") if revision == "HASH" else revision
    assert kept(tool, revision=wanted) == {"package.json": '{"license": "ISC"}', "src/b.py": "x = 1\n"}
    assert len(kept(tool, revision="main")) == 3


def test_bare_packed_and_shallow_repositories(tool: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(tool), "tool.git")
    git(tmp_path / "tool.git", "gc", "-q")
    assert kept(tmp_path / "tool.git") == kept(tool)
    assert [row["id"] for row in read(tmp_path / "tool.git")] == [row["id"] for row in read(tool)]
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{tool}", "shallow")
    assert kept(tmp_path / "shallow") == kept(tool)


def test_globs_take_repositories_and_files_side_by_side(tool: Path, tmp_path: Path) -> None:
    for name in ("b", "a"):
        shutil.copytree(tool, tmp_path / name, symlinks=True)
    (tmp_path / "plain").mkdir()
    work = ReadCode(paths=str(tmp_path / "*"))
    assert [os.path.basename(shard.file) for shard in work.shards()] == ["a", "b"]
    with pytest.raises(RecipeError, match="matches no file"):
        ReadCode(paths=(str(tmp_path / "*"), str(tmp_path / "none" / "*"))).shards()


@pytest.fixture
def checkouts(tool: Path, tmp_path: Path) -> Path:
    """Creates a repository, a work tree of it at its tag, and a repository with a submodule. In the last two, .git is a
    file.
    """
    shutil.copytree(tool, tmp_path / "main", symlinks=True)
    git(tmp_path / "main", "worktree", "add", "-q", "-b", "old", str(tmp_path / "tree"), "v1")
    git(tmp_path, "init", "-q", "super")
    local = ("-c", "protocol.file.allow=always")
    git(tmp_path / "super", *local, "submodule", "--quiet", "add", str(tool), "sub")
    assert (tmp_path / "tree" / ".git").is_file() and (tmp_path / "super" / "sub" / ".git").is_file()
    return tmp_path


@pytest.mark.parametrize("packed", [False, True])
def test_work_trees_and_submodules_are_repositories(tool: Path, checkouts: Path, packed: bool) -> None:
    if packed:
        git(checkouts / "main", "gc", "-q")
    first = git(tool, "rev-parse", "v1^{commit}")
    work = ReadCode(paths=(str(checkouts / "*"), str(checkouts / "super" / "*")))
    assert [os.path.basename(shard.file) for shard in work.shards()] == ["main", "super", "sub", "tree"]
    assert (work.shards()[3].etag, work.shards()[3].size) == (first, work.shards()[0].size)
    tree = ["package.json", "src/b.py"]
    assert [row["id"] for row in read(checkouts / "tree")] == [f"tree@{first}:{path}" for path in tree]
    assert kept(checkouts / "tree", revision="main") == kept(checkouts / "super" / "sub") == kept(tool)


@pytest.mark.parametrize("name", ["main", "tree", "super/sub"])
def test_a_repository_is_called_by_its_folder(checkouts: Path, name: str) -> None:
    rows = read(checkouts / name / ".git")
    assert [row["id"] for row in rows] == [row["id"] for row in read(checkouts / name)]
    assert rows[0]["id"].startswith(f"{os.path.basename(name)}@")


@pytest.mark.parametrize("missing", ["main", "main/.git/objects", "main/.git/worktrees/tree"])
def test_a_work_tree_that_leads_nowhere_is_a_data_error(checkouts: Path, missing: str) -> None:
    shutil.rmtree(checkouts / missing)
    with pytest.raises(DataError, match=r"tree: leads to '.*main/\.git.*', which is not a repository; copy the rep"):
        read(checkouts / "tree")
    (checkouts / "tree" / ".git").write_text("gitdir: " + "x" * 8000)
    with pytest.raises(DataError, match=r"tree: leads to '.{200}', which is not a repository"):
        read(checkouts / "tree")


def test_a_file_that_is_called_as_git_has_it_and_leads_nowhere_is_none(tmp_path: Path) -> None:
    for number, content in enumerate((b"", b"gitdir:", b"gitdir: a\nb", b"gitdir: \0", b"\xff" * 9000)):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / ".git").write_bytes(content)
    with pytest.raises(RecipeError, match="matches no file"):
        ReadCode(paths=str(tmp_path / "*")).shards()


def test_the_shard_is_known_by_its_commit(tool: Path, tmp_path: Path) -> None:
    shutil.copytree(tool, tmp_path / "tool", symlinks=True)
    before = ReadCode(paths=str(tmp_path / "tool")).shards()[0].etag
    git(tmp_path / "tool", "commit", "-q", "--allow-empty", "-m", "three")
    assert ReadCode(paths=str(tmp_path / "tool")).shards()[0].etag not in ("", before)


def test_nothing_that_a_repository_says_is_run(tool: Path, tmp_path: Path) -> None:
    folder, proof = tmp_path / "evil", tmp_path / "proof"
    shutil.copytree(tool, folder, symlinks=True)
    run = tmp_path / "run.sh"
    run.write_text(f"#!/bin/sh\ntouch {proof}\n")
    run.chmod(0o755)
    (folder / ".gitattributes").write_text("* filter=x diff=x textconv=x\n")
    git(folder, "add", ".gitattributes")
    git(folder, "commit", "-qm", "attributes")
    names = (
        "core.fsmonitor", "core.sshCommand", "core.pager", "core.editor", "core.alternateRefsCommand", "core.hooksPath",
        "filter.x.smudge", "filter.x.process", "diff.x.textconv", "diff.external", "gpg.program",
        "uploadpack.packObjectsHook", "remote.origin.uploadpack", "credential.helper", "alias.ls-tree",
    )  # fmt: skip
    lines = [f'[remote "origin"]\n\turl = {tool}\n\tpromisor = true', "[core]\n\trepositoryformatversion = 1"]
    lines.append("[extensions]\n\tpartialClone = origin")
    for name in names:
        first, *middle, last = name.split(".")
        lines.append(f'[{first} "{middle[0]}"]' if middle else f"[{first}]")
        lines.append(f'\t{last} = "{run}"')
    (folder / ".git" / "config").write_text("\n".join(lines) + "\n")
    for hook in ("post-checkout", "pre-commit", "reference-transaction"):
        shutil.copy(run, folder / ".git" / "hooks" / hook)
    blob = git(tool, "rev-parse", "HEAD:src/a.py")
    (folder / ".git" / "objects" / blob[:2] / blob[2:]).unlink()  # git would fetch it from the remote
    rows = read(folder)
    lost = [row for row in rows if row.get("drop_rule") == "read_code.corrupt"]
    assert not proof.exists()
    assert [row["path"] for row in lost] == ["src/a.py"] and len(rows) == 5
    subprocess.run(["git", "cat-file", "-p", blob], cwd=folder, env=CALM, capture_output=True, check=False)
    assert proof.exists()  # the trap works


@pytest.mark.parametrize(
    ("place", "content"),
    [
        ("HEAD", "ref: refs/heads/none\n"),
        ("HEAD", "ref: ../../../etc/passwd\n"),
        ("HEAD", "ref: HEAD\n"),
        ("HEAD", "0" * 40 + "\n"),
        ("HEAD", "\x00\xff"),
        ("refs/heads/main", "f" * 40 + "\n"),
    ],
)
def test_references_that_lead_nowhere(
    tool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, content: str
) -> None:
    shutil.copytree(tool, tmp_path / "tool", symlinks=True)
    (tmp_path / "tool" / ".git" / place).write_text(content)
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    with pytest.raises(DataError, match=r"tool: has (no|references)"):
        read(tmp_path / "tool")
    assert not list((tmp_path / "scratch").iterdir())


def test_damaged_objects_are_a_data_error_or_a_row(tool: Path, tmp_path: Path) -> None:
    blob, tree = (git(tool, "rev-parse", name) for name in ("HEAD:src/b.py", "HEAD:src"))
    for name, number in (("one", blob), ("two", tree)):
        shutil.copytree(tool, tmp_path / name, symlinks=True)
        place = tmp_path / name / ".git" / "objects" / number[:2] / number[2:]
        place.chmod(0o644)
        place.write_bytes(b"nothing of the kind")
    rules = {row["path"]: row.get("drop_rule") for row in read(tmp_path / "one")}
    assert rules["src/b.py"] == "read_code.corrupt" and rules["src/a.py"] is None
    with pytest.raises(DataError, match="cannot be listed"):
        read(tmp_path / "two")
