"""A JSON object with a checksum is read as it was written; the reader refuses anything else."""

import json

import pytest

from tokenmill.core.checked_json import parsed, with_checksum


@pytest.mark.parametrize("said", [{"a": 1}, {"xxh": {"xxh3": "inner"}, "z": [1, {"xxh3": "x"}]}, {"é": 'a"\n "xxh3"'}])
def test_it_is_read_as_it_was_written(said: dict[str, object]) -> None:
    content = json.dumps(said, indent=1, ensure_ascii=False).encode()
    assert parsed(with_checksum(content)) == (said, True)
    assert parsed(content) == (said, False)


def test_nothing_else_is_taken_for_what_was_written() -> None:
    """If the checksum's name is damaged, it is a field that its reader does not know."""
    content = with_checksum(json.dumps({"a": 1, "xxh": [2, 3]}, indent=1).encode())
    name = content.rindex(b"xxh3")
    assert parsed(content)[1]
    for place in range(len(content)):
        changed = content[:place] + b"!" + content[place:]
        if name <= place <= name + 4:
            assert parsed(changed) == ({"a": 1, "xxh": [2, 3], **json.loads(changed)}, False)
            continue
        for other in (changed, content[:place], content[:place] + b"\n" + content[place:], content + b"\n"):
            with pytest.raises(ValueError, match=r"Expecting|Unterminated|Invalid|Extra|empty|checksum"):
                parsed(other)
    for other in (b"", b"[]", b"1", b'{"xxh3": "0"}'):
        with pytest.raises(ValueError, match=r"it is empty|not a JSON object|does not match"):
            parsed(other)
