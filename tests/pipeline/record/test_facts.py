"""The facts of a Global are read as they were written, whatever their names are; anything else is refused by name."""

from pathlib import Path

import pytest

from tokenmill.core.errors import DataError
from tokenmill.pipeline.record.facts import facts_path, facts_problem, read_facts, write_facts

# The user chooses the names of sources.
COUNTED = {"fingerprint": {"rate": 0.5}, "xxh3": 1, "facts": [1, 2], "web": "\u2028"}


def test_facts_come_back_whatever_their_names_are(tmp_path: Path) -> None:
    write_facts(str(tmp_path), COUNTED, "f")
    assert read_facts(str(tmp_path)) == COUNTED
    assert facts_problem(str(tmp_path), "f") == ""
    assert facts_problem(str(tmp_path), "g") == "counts another result"


@pytest.mark.parametrize(
    "content", [None, b"", b"[" * 100_000, b"[]", b"{}", b'{"facts": 1}', b"\xff\xfe", "cut", "flip"]
)
def test_damaged_facts_are_refused_by_name(tmp_path: Path, content: bytes | str | None) -> None:
    write_facts(str(tmp_path), COUNTED, "f")
    path = Path(facts_path(str(tmp_path)))
    whole = path.read_bytes()
    if content is None:
        path.unlink()
    elif isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_bytes(whole[:-20] if content == "cut" else whole.replace(b"0.5", b"0.7"))
    with pytest.raises(DataError, match=r"facts\.json: .+; run the recipe again") as raised:
        read_facts(str(tmp_path))
    assert len(str(raised.value)) < 500
    assert facts_problem(str(tmp_path), "f")
