"""Each reader and kernel keeps its promises for damaged and hostile inputs.

A valid input gives its rows. Any other input gives rows or a documented error: no crash, no hang, no unbounded memory,
no silent loss, and the same result for any size of batches and shards. Kernels give the same results as their plain
twins. A failure prints the command that reproduces it.
"""

import os
from pathlib import Path

import pytest
from fuzzing.harness import Target, run
from fuzzing.targets import TARGETS
from fuzzing.web import check_warc

_SEED = 1


def _assert_kept(target: Target, *, seeds: bool, mutants: int, seed: int) -> None:
    outcome = run(target, seed=seed, mutants=mutants, names=list(target.seeds) if seeds else ())
    assert not outcome.failures, "\n\n".join(map(str, outcome.failures))
    assert outcome.refused <= target.most_refused * outcome.tried, f"{outcome.refused} of {outcome.tried} were refused"


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_and_some_mutants_keep_the_promises(name: str) -> None:
    target = TARGETS[name]
    _assert_kept(target, seeds=True, mutants=target.fast, seed=_SEED)


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_many_mutants_keep_the_promises(name: str) -> None:
    target = TARGETS[name]
    _assert_kept(target, seeds=False, mutants=target.slow, seed=_SEED + 1)


@pytest.mark.parametrize("name", [name for name, target in TARGETS.items() if target.rows])
def test_valid_files_are_read_whole_in_every_form(name: str) -> None:
    target = TARGETS[name]
    for number, (seed, rows) in enumerate(target.rows.items()):
        for form in (bytes,) if number else target.forms:
            assert target.check(form(target.seeds[seed])) == rows, (seed, form)


ODD = {
    "bad.arc": (0, 2), "example-bad-non-chunked.warc.gz": (6, 0), "example-bad.warc.gz.bad": (6, 0),
    "example-digest.warc": (4, 0), "example-iana.org-chunked.warc": (3, 0), "example-resource.warc.gz": (3, 0),
    "example-space-in-target-uri.warc.gz": (2, 0), "example-space-in-url.arc": (1, 1), "example-trunc.warc": (3, 1),
    "example-wget-bad-target-uri.warc.gz": (6, 0), "example-wrong-chunks.warc.gz": (2, 0), "example.arc": (2, 0),
    "example.arc.gz": (2, 0), "example.warc": (6, 0), "example.warc.gz": (6, 0), "post-test.warc.gz": (6, 0),
}  # fmt: skip
"""Unusual archives that other projects use in their tests: their (records, damaged spans)."""


@pytest.mark.skipif("TOKENMILL_DEV_DATA" not in os.environ, reason="no development data")
def test_odd_archives_are_accounted_for_to_the_byte() -> None:
    folder = Path(os.environ.get("TOKENMILL_DEV_DATA", "")) / "web" / "odd"
    for path in sorted(folder.iterdir()):
        records, damaged = ODD.get(path.name, (None, None))
        found = check_warc(path.read_bytes())
        assert records is None or damaged is None or found == records + damaged, path.name
