"""Fuzzes readers and kernels for some time, and keeps each input that breaks a promise.

    python -m bench.fuzz TARGET... [--seconds 600] [--seed 0] [--keep FOLDER]
    python -m bench.fuzz TARGET --case NUMBER_OR_NAME [--seed 0]
    python -m bench.fuzz TARGET --replay FILE

Targets, mutations and promises are those of the tests, in tests/fuzz/fuzzing. `all` means all targets.
"""

import argparse
import math
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "fuzz"))

from fuzzing.harness import Case, Failure, Target, run
from fuzzing.targets import TARGETS


def fuzz(target: Target, *, seconds: float, seed: int, keep: Path) -> int:
    """Runs the seeds, then mutants until `seconds` have passed; returns how many inputs broke a promise."""
    last = time.monotonic() + seconds
    outcome = run(
        target, seed=seed, mutants=math.inf, last=last, names=list(target.seeds), failures=sys.maxsize, told=tell
    )
    for failure in outcome.failures:
        path = keep / f"{target.name}-{seed}-{failure.case}"
        path.write_bytes(target.case(seed, failure.case))
    count = f"{outcome.tried:,} cases, {outcome.refused:,} of them refused, {len(outcome.failures)} broke a promise"
    print(f"{target.name}: {count}" + (f"; these are in {keep}" if outcome.failures else ""), flush=True)
    return len(outcome.failures)


def tell(failure: Failure) -> None:
    print(failure, flush=True)


def case_of(text: str) -> Case:
    return int(text) if text.isdigit() else text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="+", choices=[*sorted(TARGETS), "all"])
    parser.add_argument("--seconds", type=float, default=600.0, help="time for each target")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for inputs that broke a promise")
    parser.add_argument("--case", type=case_of, help="run only this mutant, or the seed of this name, in this process")
    parser.add_argument("--replay", type=Path, help="run only this file, in this process")
    options = parser.parse_args()
    chosen = [TARGETS[name] for name in (sorted(TARGETS) if "all" in options.targets else options.targets)]
    if options.replay or options.case is not None:
        data = options.replay.read_bytes() if options.replay else chosen[0].case(options.seed, options.case)
        print(chosen[0].check(data))
        return
    keep = options.keep or Path(tempfile.mkdtemp(prefix="fuzz-"))
    keep.mkdir(parents=True, exist_ok=True)
    failed = sum(fuzz(target, seconds=options.seconds, seed=options.seed, keep=keep) for target in chosen)
    sys.exit(min(1, failed))


if __name__ == "__main__":
    main()
