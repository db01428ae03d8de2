"""stages/code/paths.py: which names are not paths, and which files are refused by their names alone."""

import pytest

from tokenmill.stages.code.paths import name_rule, path_problem


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("Cargo.lock", ("lock_file", "cargo.lock")),
        ("web/package-lock.json", ("lock_file", "package-lock.json")),
        ("vendor/github.com/x/y.go", ("vendored", "vendor/")),
        ("a/Node_Modules/b/index.js", ("vendored", "node_modules/")),
        ("static/jquery-3.7.1.min.js", ("vendored", "jquery-3.7.1.min.js")),
        ("gradlew", ("vendored", "gradlew")),
        ("build-aux/config.guess", ("vendored", "config.guess")),
        ("api/user.pb.go", ("generated", "user.pb.go")),
        ("api/user_pb2_grpc.pyi", ("generated", "user_pb2_grpc.pyi")),
        ("src/__generated__/types.ts", ("generated", "__generated__/")),
        ("app/bundle.js.map", ("generated", "bundle.js.map")),
        ("app/site.min.css", ("minified", "site.min.css")),
        ("app/site-MIN.js", ("minified", "site-min.js")),
        ("img/Logo.PNG", ("binary", ".png")),
        ("data.tar.gz", ("binary", ".gz")),
        (".png", ("binary", ".png")),
    ],
)
def test_a_file_is_ruled_out_by_its_name(path: str, rule: tuple[str, str]) -> None:
    assert name_rule(path) == rule


@pytest.mark.parametrize(
    "path",
    [
        "src/main.py",
        "vendor.py",  # a file is not a folder
        "src/vendoring/a.go",
        "src/jquery.js",  # in jquery's own repository
        "jquery.js",
        "src/myjquery.js",
        "min.js",
        "src/admin.js",
        "cargo.lock.md",
        "png",
        "o",
        "pb.go",
        "generated.txt",
        "",
        "/",
        "a/b/",
    ],
)
def test_written_files_are_read(path: str) -> None:
    assert name_rule(path) is None


@pytest.mark.parametrize("name", ["a", "a/b.c", "./a", "..a/b..", "...", "a b/ü/文", "a\\b", "x" * 1020, "ab:/c"])
def test_a_path_inside_the_archive_is_accepted(name: str) -> None:
    assert path_problem(name) == ""


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "a name of 0 characters"),
        ("a/" * 2049, "a name of 4098 characters"),
        ("/etc/passwd", "an absolute path: /etc/passwd"),
        ("C:\\Windows", "an absolute path: C:\\Windows"),
        ("c:a", "an absolute path: c:a"),
        ("a\nb", "control characters: 'a\\nb'"),
        ("a\x00", "control characters: 'a\\x00'"),
        ("a\x7f", "control characters: 'a\\x7f'"),
        ("a/" + "x" * 1021, "a part of the name of more than 1020 characters"),
        ("..", "a path out of the archive: .."),
        ("../a", "a path out of the archive: ../a"),
        ("a/../../b", "a path out of the archive: a/../../b"),
        ("a\\..\\b", "a path out of the archive: a\\..\\b"),
        ("a/b\\..\\c", "a path out of the archive: a/b\\..\\c"),
    ],
)
def test_hostile_names_are_refused(name: str, problem: str) -> None:
    assert path_problem(name) == problem


def test_a_refusal_shows_no_more_than_200_characters_of_the_name() -> None:
    assert path_problem("/" + "x" * 900) == "an absolute path: /" + "x" * 199
