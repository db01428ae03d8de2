"""Frames of `zstd --long` are read if the stage's memory suffices for their window; otherwise the error says what is
needed, and it is not damage.
"""

import io
import tracemalloc
from pathlib import Path

import psutil
import pytest
import zstandard

from tokenmill.core.errors import DataError
from tokenmill.core.io.compression import (
    Decompressed,
    DecompressionError,
    Format,
    compression_damage,
    decoder,
    decompress,
)
from tokenmill.core.io.zstd_frame import LONGEST_WINDOW, WindowError, _zstd_window
from tokenmill.core.memory import memory_limit, stage_memory
from tokenmill.pipeline.driver.options import Options
from tokenmill.pipeline.driver.progress import progress_for
from tokenmill.pipeline.driver.run import run
from tokenmill.pipeline.engine.local import InProcess
from tokenmill.pipeline.planning.recipe import load_recipe

TEXT = b"".join(b"%d words and %d more\n" % (number, number**3) for number in range(3000))
SKIPPABLE = b"\x53\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"(\xb5/\xfd!"
FRAME = zstandard.ZstdCompressor(write_content_size=False, write_checksum=True).compress(TEXT)


def long(log: int, eighths: int = 0, frame: bytes = FRAME) -> bytes:
    """Returns a frame whose header asks for this window, which compressors choose by `--long=LOG`."""
    return frame[:5] + bytes([(log - 10) << 3 | eighths]) + frame[6:]


def read(packed: bytes) -> bytes:
    return Decompressed(io.BytesIO(packed), Format.ZSTD, window=LONGEST_WINDOW).read(1 << 24)


@pytest.mark.parametrize("log", [17, 27, 28, 30, 31])
def test_a_frame_of_any_window_up_to_2_gib_is_read_in_the_memory_of_its_content(log: int) -> None:
    """Guards against an earlier fault: windows over 128 MiB were refused, although the stage had 4 GiB."""
    before = psutil.Process().memory_info().rss
    with stage_memory(8 << 30):
        assert read(long(log)) == TEXT
    assert psutil.Process().memory_info().rss - before < 32 << 20


def test_frames_of_different_windows_and_skippable_ones_follow_each_other() -> None:
    packed = [long(31), SKIPPABLE, long(20), long(28, 3), bytes(100), zstandard.compress(TEXT), SKIPPABLE, long(31)]
    assert read(b"".join(packed)) == TEXT * 5


@pytest.mark.parametrize("end", range(14))
def test_a_header_that_comes_in_parts_is_read(end: int) -> None:
    stream = decoder(Format.ZSTD, window=LONGEST_WINDOW)
    assert stream.feed(long(29)[:end]) == b""
    found = b""
    data = long(29)[end:]
    while not stream.eof:
        found += stream.feed(data)
        data = b""
    assert found == TEXT


NEEDS = (
    r"a window of 2\.00 GiB \(zstd --long\), which needs \d\.\d GiB of memory; the stage has 2\.0: set memory: \dGiB "
    r".*zstd --long=27"
)


@pytest.mark.parametrize("before", [b"", SKIPPABLE, FRAME], ids=["first", "after a skippable one", "later"])
def test_a_window_without_memory_is_an_error_with_window_memory_and_setting(before: bytes) -> None:
    with stage_memory(2 << 30):
        file = Decompressed(io.BytesIO(before + long(31)), Format.ZSTD, window=LONGEST_WINDOW)
        with pytest.raises(WindowError, match=NEEDS):
            while file.read(1000):
                pass
    assert issubclass(WindowError, DataError) and not issubclass(WindowError, DecompressionError)


def test_memory_for_the_content_is_enough_if_its_size_is_known() -> None:
    alone = b"\x28\xb5\x2f\xfd\xe0" + (300 << 20).to_bytes(8, "little")  # the content is the window
    assert _zstd_window(alone) == (300 << 20, 300 << 20)
    known = b"\x28\xb5\x2f\xfd\x80" + bytes([(31 - 10) << 3]) + (300 << 20).to_bytes(4, "little")
    assert _zstd_window(known) == (2 << 30, 300 << 20)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("log", [10, 17, 20])
@pytest.mark.parametrize("size", [0, 1, 255, 256, 2000, 65_791, 65_792, 70_000, 1 << 20])
def test_the_window_is_that_of_the_library(size: int, log: int, known: bool) -> None:
    settings = zstandard.ZstdCompressionParameters.from_level(
        3, window_log=log, write_content_size=known, source_size=size
    )
    packed = zstandard.ZstdCompressor(compression_params=settings).compress(bytes(size))
    facts = zstandard.get_frame_parameters(packed)
    window, needed = _zstd_window(packed)
    assert window == facts.window_size
    assert needed == (min(window, size) if known else window)


@pytest.mark.parametrize("frame", [long(31, 1), long(35), long(41, 7)])
def test_a_window_over_2_gib_is_damage(frame: bytes) -> None:
    with pytest.raises(DecompressionError, match=r"needs too much memory: its window has .* over 2,147,483,648"):
        read(frame)


def test_only_readers_that_ask_for_it_get_long_windows() -> None:
    """Content of a record or a page may come from anyone, so its windows stay small."""
    with pytest.raises(DecompressionError, match="too much memory"):
        Decompressed(io.BytesIO(long(28)), Format.ZSTD).read(1)
    with pytest.raises(DecompressionError, match="too much memory"):
        decompress(long(28), Format.ZSTD, 1 << 24)
    with pytest.raises(DecompressionError, match="too much memory"):
        decoder(Format.ZSTD).feed(long(28))


def test_a_damaged_frame_with_a_long_window_is_damage() -> None:
    packed = bytearray(long(31))
    packed[-1] ^= 1
    file = Decompressed(io.BytesIO(bytes(packed)), Format.ZSTD, window=LONGEST_WINDOW)
    assert file.read(1 << 24) == TEXT
    with pytest.raises(DecompressionError, match="checksum"):
        file.read(1)
    with pytest.raises(DecompressionError, match="ends inside a zstd frame"):
        read(long(31)[:9])


def test_a_file_without_memory_for_its_window_counts_as_sound(tmp_path: Path) -> None:
    (tmp_path / "a.zst").write_bytes(FRAME + long(31))
    assert compression_damage(str(tmp_path / "a.zst")) == ""
    with stage_memory(1 << 30):
        assert compression_damage(str(tmp_path / "a.zst")) == ""


def test_ordinary_frames_take_the_memory_that_they_took() -> None:
    tracemalloc.start()
    assert read(FRAME * 20) == TEXT * 20
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


def test_the_limit_is_that_of_the_stage_inside_the_block_only() -> None:
    with stage_memory(1 << 20):
        assert memory_limit() == 1 << 20
    assert memory_limit() > 1 << 20


LINE = b'{"id": "d%d", "text": "line %d"}\n'


@pytest.mark.parametrize(("memory", "kept"), [("4GiB", 1000), ("1GiB", 0)])
def test_a_run_reads_such_a_file_or_names_it_with_the_setting(tmp_path: Path, memory: str, kept: int) -> None:
    lines = b"".join(LINE % (number, number) for number in range(1000))
    frame = zstandard.ZstdCompressor(write_content_size=False).compress(lines)
    (tmp_path / "a.jsonl.zst").write_bytes(long(31, frame=frame))
    (tmp_path / "r.yaml").write_text(
        f"run: r\nexcerpt: 0\nstages:\n  t: {{steps: [{{stages.read_table: {{paths: '{tmp_path}/a.jsonl.zst'}}}}], "
        f"memory: {memory}}}\n"
    )
    result = run(load_recipe(tmp_path / "r.yaml"), InProcess(), Options(out=str(tmp_path / "o")), progress_for("none"))
    if kept:
        assert not result.failures
    else:
        [*_, failure] = map(str, result.failures)
        assert "a.jsonl.zst: a zstd frame has a window of 2.00 GiB" in failure and "set memory: " in failure
