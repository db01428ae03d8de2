"""Only the kernels that units need are compiled, and only once: others wait, and an interrupted call is continued."""

import fcntl
import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import tokenmill
from tokenmill.core.errors import DataError
from tokenmill.filters.function import Function
from tokenmill.filters.gopher_quality import GopherQuality
from tokenmill.pipeline.engine import warm
from tokenmill.stages.wiki.extract_wikitext import ExtractWikitext
from tokenmill.text.kernel import cache_folder

SMALL, SMALLER = "tokenmill.text.similarity.components", "tokenmill.text.kernel.utf8"
READY = f"""
import logging
from tokenmill.pipeline.engine.warm import make_kernels_ready
logging.basicConfig(level=logging.INFO)
print(make_kernels_ready(["{SMALLER}"]))
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Sets the cache folder of the test, also for processes that it starts."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(Path(tokenmill.__file__).parents[1]))
    cache_folder.cache_folder.cache_clear()
    yield tmp_path
    cache_folder.cache_folder.cache_clear()


def reports(monkeypatch: pytest.MonkeyPatch, *lines: dict[str, str]) -> list[list[str]]:
    """Lets the builders report these lines and end. Returns a list that gets the modules of each call."""
    given: list[list[str]] = []

    @contextmanager
    def builders(parts: list[list[str]]) -> Iterator[io.StringIO]:
        given.append(sorted(module for part in parts for module in part))
        yield io.StringIO("".join(json.dumps(line) + "\n" for line in lines))

    monkeypatch.setattr(warm, "_builders", builders)
    return given


def test_a_unit_needs_the_modules_whose_kernels_it_reaches() -> None:
    assert {name.removeprefix("tokenmill.text.") for name in warm.kernel_modules([GopherQuality()])} == {
        "measure.word_counts",
        "words.segment",
    }
    assert "tokenmill.text.wikitext.wikitext" in warm.kernels_of([ExtractWikitext.__module__])
    both = [GopherQuality.__module__, ExtractWikitext.__module__]
    assert set(warm.kernels_of(both)) < set(warm.all_kernel_modules())
    assert warm.kernel_modules([]) == ()
    calls = Function(f"{GopherQuality.__module__}:GopherQuality")  # all that the module of the function reaches counts
    assert warm.kernel_modules([calls]) == warm.kernel_modules([GopherQuality()])


def test_modules_that_share_helpers_are_compiled_by_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = {"words": 40, "a": 3, "b": 4, "html": 30, "pii": 9}
    needed = {name: frozenset({name, "words"} if name in "ab" else {name}) for name in ("a", "b", "html", "pii")}
    monkeypatch.setattr(warm, "_cores", lambda: 2)
    assert sorted(sorted(part) for part in warm._parts(needed, counts)) == [["a", "b"], ["html", "pii"]]
    monkeypatch.setattr(warm, "_cores", lambda: 8)
    assert sorted(warm._parts(needed, counts)) == [["a"], ["b"], ["html"], ["pii"]]


def test_what_is_compiled_is_compiled_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = reports(monkeypatch, {"kernel": f"{SMALL}.root"}, {"kernel": f"{SMALL}.root"}, {"module": SMALL})
    assert [warm.make_kernels_ready([SMALL]), warm.make_kernels_ready([SMALL])] == [1, 0]
    assert given == [[SMALL]]


def test_an_interrupted_build_continues(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = reports(monkeypatch, {"module": SMALL})
    with pytest.raises(DataError, match=f"died before it had compiled text kernels: {SMALLER}"):
        warm.make_kernels_ready([SMALL, SMALLER])
    given = reports(monkeypatch, {"module": SMALLER})
    warm.make_kernels_ready([SMALL, SMALLER])
    assert given == [[SMALLER]]


def test_a_failed_compile_is_reported(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reports(monkeypatch, {"module": SMALL}, {"module": SMALLER, "error": "TypingError: no such type"})
    with pytest.raises(DataError, match=f"{SMALLER}: TypingError: no such type"):
        warm.make_kernels_ready([SMALL, SMALLER])
    assert cache_folder.compiled_modules() == {SMALL}


def test_progress_names_the_kernel_and_the_time_left(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(warm, "LINE_SECONDS", 0.0)
    reports(monkeypatch, {"kernel": f"{SMALL}._join"}, {"module": SMALL})
    with caplog.at_level(logging.INFO):
        warm.make_kernels_ready([SMALL])
    first, line, last = caplog.messages
    assert first.startswith("compiling 3 text kernels")
    assert line == "compiling text kernels: 1 of 3, similarity.components._join, about 0 s left"
    assert last.startswith("compiled 1 text kernels in 0 s, kept in ")


def test_nothing_is_said_when_all_is_compiled(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache_folder.mark_compiled([SMALL])
    with caplog.at_level(logging.INFO):
        assert warm.make_kernels_ready([SMALL]) == 0
    assert caplog.messages == []


@pytest.mark.slow
def test_a_second_process_waits_and_compiles_nothing(home: Path) -> None:
    with open(cache_folder.cache_folder() / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = subprocess.Popen(
            [sys.executable, "-c", READY], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert second.stderr is not None
        assert "another process compiles text kernels; waiting" in second.stderr.readline()
        cache_folder.mark_compiled([SMALLER])
    said, errors = second.communicate(timeout=60)
    assert (said, errors) == ("0\n", "")


@pytest.mark.slow
def test_kernels_are_compiled_in_other_processes_and_found_by_later_ones(home: Path) -> None:
    def ready() -> tuple[str, str]:
        run = subprocess.run([sys.executable, "-c", READY], capture_output=True, text=True, check=True)
        return run.stdout, run.stderr

    first, said = ready()
    assert int(first) == cache_folder.kernel_counts()[SMALLER]
    assert f"compiled {int(first)} text kernels" in said
    assert ready() == ("0\n", "")
    code = f"import {SMALLER} as m; m.warm(); print(m._measure.dispatcher.stats.cache_misses)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout == "Counter()\n"


@pytest.mark.slow
def test_a_builder_reports_a_module_that_fails(home: Path) -> None:
    command = [sys.executable, "-m", "tokenmill.text.kernel.build", "tokenmill.text.nothing"]
    run = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=False)
    report = json.loads(run.stdout)
    assert (run.returncode, report["module"]) == (1, "tokenmill.text.nothing")
    assert report["error"].startswith("ModuleNotFoundError: ")
