"""Feeds damaged files to the readers for a while, and keeps each one that breaks a promise.

    python -m bench.fuzz TARGET... [--seconds 600] [--seed 0] [--keep FOLDER]
    python -m bench.fuzz TARGET --replay FILE

A target is a name in `TARGETS` of a file `bench/fuzz_*.py`: whole files to begin from, forms they are packed in, and a
check that reads what it is given and raises where a promise is broken. Each case is made from (seed, number) alone. It
runs in a process of its own kind, so that a crash, a hang or too much memory is seen from outside, named and kept.
"""

import argparse
import importlib
import multiprocessing
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from random import Random

from tokenmill.core.errors import DataError

_NUMBER = re.compile(rb"\d+")
_ODD_NUMBERS = (b"0", b"1", b"-1", b"00", b"2147483648", b"9223372036854775807", b"99999999999999999999", b"1e9", b"")
_ODD_BYTES = (b"\0", b"\xff", b"\n", b"\r\n", b"<", b">", b"&", b'"', b"'", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd")


@dataclass(frozen=True)
class Target:
    """What is fuzzed.

    seeds: makes sound files. check: reads one file and raises if a promise is broken; DataError is an answer, not a
    failure. forms: ways to pack what was damaged; the packed bytes are damaged in their turn half the time. seconds:
    one case may take. memory: bytes the process may hold.
    """

    seeds: Callable[[], Sequence[bytes]]
    check: Callable[[bytes], object]
    forms: tuple[Callable[[bytes], bytes], ...] = (bytes,)
    seconds: float = 20.0
    memory: int = 2 << 30


def targets() -> dict[str, Target]:
    """All targets by name."""
    found: dict[str, Target] = {}
    for file in sorted(Path(__file__).parent.glob("fuzz_*.py")):
        found |= importlib.import_module(f"bench.{file.stem}").TARGETS
    return found


def case(target: Target, seeds: Sequence[bytes], seed: int, number: int) -> bytes:
    """The number'th damaged file."""
    random = Random(f"{seed}:{number}")
    data = random.choice(seeds)
    form = random.choice(target.forms)
    inside = form is bytes or random.random() < 0.5
    data = form(damaged(data, seeds, random) if inside else data)
    return data if inside and random.random() < 0.5 else damaged(data, seeds, random)


def damaged(data: bytes, seeds: Sequence[bytes], random: Random) -> bytes:
    """The bytes after one to four changes, most of them small."""
    for _ in range(random.choice((1, 1, 2, 4))):
        data = random.choice(_CHANGES)(data, seeds, random)
    return data


def _overwrite(data: bytes, seeds: Sequence[bytes], random: Random) -> bytes:
    at, news = random.randrange(len(data) + 1), random.randbytes(random.choice((1, 1, 2, 4, 32)))
    return data[:at] + news + data[at + len(news) :]


def _insert(data: bytes, seeds: Sequence[bytes], random: Random) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + random.choice(_ODD_BYTES) * random.choice((1, 1, 3, 5000)) + data[at:]


def _cut_out(data: bytes, seeds: Sequence[bytes], random: Random) -> bytes:
    at, end = sorted(random.randrange(len(data) + 1) for _ in range(2))
    return data[:at] + data[end if random.random() < 0.2 else min(end, at + 20) :]


def _cut_off(data: bytes, seeds: Sequence[bytes], random: Random) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _repeat(data: bytes, seeds: Sequence[bytes], random: Random) -> bytes:
    at, end = sorted(random.randrange(len(data) + 1) for _ in range(2))
    return data[:end] + data[at:end] * random.choice((1, 1, 8)) + data[end:]


def _splice(data: bytes, seeds: Sequence[bytes], random: Random) -> bytes:
    other = random.choice(seeds)
    return data[: random.randrange(len(data) + 1)] + other[random.randrange(len(other) + 1) :]


def _number(data: bytes, seeds: Sequence[bytes], random: Random) -> bytes:
    places = [match.span() for match in _NUMBER.finditer(data, 0, 1 << 16)]
    if not places:
        return _overwrite(data, seeds, random)
    at, end = random.choice(places)
    return data[:at] + random.choice(_ODD_NUMBERS) + data[end:]


_CHANGES = (_overwrite, _overwrite, _insert, _cut_out, _cut_off, _repeat, _splice, _number)


def fuzz(name: str, seconds: float, seed: int, keep: Path) -> int:
    """Run cases for so long; how many broke a promise. Each is kept as `<target>-<seed>-<number>`."""
    target, failures, tried = targets()[name], 0, 0
    seeds, context = target.seeds(), multiprocessing.get_context("fork")
    target.check(seeds[0])  # what compiles, compiles before the clock runs
    last = time.monotonic() + seconds
    while time.monotonic() < last:
        at = context.Value("q", tried)
        child = context.Process(target=_work, args=(target, seeds, seed, at, last))
        child.start()
        problem = _watch(child, at, target.seconds)
        tried = at.value + (1 if problem else 0)
        if problem:
            failures += 1
            path = keep / f"{name}-{seed}-{at.value}"
            path.write_bytes(case(target, seeds, seed, at.value))
            print(f"{name}: case {at.value}: {problem}; kept as {path}", flush=True)
    print(f"{name}: {tried:,} cases in {seconds:,.0f} s, {failures} broke a promise", flush=True)
    return failures


def _work(target: Target, seeds: Sequence[bytes], seed: int, at: "Synchronized[int]", last: float) -> None:
    """Runs in the child: cases from `at` on, until time is up (exit 0) or one fails (exit 1, its trace on stderr)."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while time.monotonic() < last:
        data = case(target, seeds, seed, at.value)
        try:
            target.check(data)
        except DataError:
            pass  # an answer: the file is refused by name
        except BaseException:
            traceback.print_exc()
            sys.exit(1)
        if (held := resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024) > target.memory:
            print(f"{held >> 20} MiB held", file=sys.stderr)
            sys.exit(2)
        at.value += 1


def _watch(child: "multiprocessing.process.BaseProcess", at: "Synchronized[int]", seconds: float) -> str:
    """Wait for the child; what went wrong with the case it was at, "" for nothing."""
    seen, since = at.value, time.monotonic()
    while child.is_alive():
        child.join(0.2)
        if at.value != seen:
            seen, since = at.value, time.monotonic()
        elif time.monotonic() - since > seconds:
            child.kill()
            child.join()
            return f"no end after {seconds:.0f} s"
    code = child.exitcode
    return {0: "", 1: "it raised, see above", 2: "too much memory"}.get(code or 0, f"the process died (exit {code})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = targets()
    parser.add_argument("targets", nargs="+", choices=sorted(known))
    parser.add_argument("--seconds", type=float, default=600.0, help="for each target")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for what broke a promise")
    parser.add_argument("--replay", type=Path, help="run this one file instead")
    options = parser.parse_args()
    if options.replay:
        print(known[options.targets[0]].check(options.replay.read_bytes()))
        return
    keep = options.keep or Path(tempfile.mkdtemp(prefix="fuzz-"))
    keep.mkdir(parents=True, exist_ok=True)
    sys.exit(min(1, sum(fuzz(name, options.seconds, options.seed, keep) for name in options.targets)))


if __name__ == "__main__":
    main()
