"""Word files: their format, and an error that names file and line for each line that does not follow it."""

import pytest

from tokenmill.core.errors import DataError
from tokenmill.mini.data_files import DATA, parse_slots, read_slots, read_text

WORDS = """# A comment.

[history]
agents: historians| monks |
    the citizens of {town}|the soldiers

# A comment between two slots.
noun nouns: castle/castles|map/maps
    copy of a letter / copies of a letter
pulp +nouns: wood/woods
town: Ulm
[siege: history]
who: {agents}, {year}
+town: Linz|Ulm
"""


def test_slots_tables_additions_and_copies_of_sections() -> None:
    history = {
        "agents": ("historians", "monks", "the citizens of {town}", "the soldiers"),
        "noun": ("castle", "map", "copy of a letter"),
        "nouns": ("castles", "maps", "copies of a letter", "woods"),
        "pulp": ("wood",),
        "town": ("Ulm",),
    }
    siege = {**history, "town": ("Ulm", "Linz", "Ulm"), "who": ("{agents}, {year}",)}
    assert parse_slots(WORDS, "words.txt", filled_by_caller=("year",)) == {"history": history, "siege": siege}


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n"])
def test_a_file_without_sections_is_empty(text: str) -> None:
    assert parse_slots(text, "words.txt") == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\n  one|two\n[a]\n", "line 2: an indented line continues a slot, but there is no slot above it"),
        ("[a]\n  one|two\n", "line 2: an indented line continues a slot, but the line above is a section"),
        ("\nx: one\n", "line 2: expected a section such as .general. before the first slot"),
        ("[a\n", "line 1: expected .name. or .name: other section., found '.a'"),
        ("[a: b]\n[b]\n", "line 1: there is no section 'b' above this line"),
        ("[a]\nx: 1\n[a]\n", "line 3: the section 'a' occurs twice"),
        ("[a]\nx = 1\n", "line 2: expected `name: alternatives`, found 'x = 1'"),
        ("[a]\nx: 1\nx: 2\n", r"line 3: the slot 'x' occurs twice; \+x adds to the first one"),
        ("[a]\nx x: 1/2\n", "line 2: the slot 'x' occurs twice"),
        ("[a]\n+x: 1\n", r"line 2: \+x adds to a slot that this section does not have"),
        ("[a]\nx:\ny: 1\n", "line 2: 'x' has no alternatives"),
        ("[a]\nx:\n    |  |\n", "line 2: 'x' has no alternatives"),
        ("[a]\nx y: 1/2\n    3/4|5\n", "line 3: '5' does not have one form for each of 2 names: x y"),
        ("[a]\nx y: 1/2/3\n", "line 2: '1/2/3' does not have one form for each of 2 names"),
        ("[a]\nx y: 1/\n", "line 2: '1/' does not have one form for each of 2 names"),
        ("[a]\nx: one\n    {z} two\n", "line 3: .z. is not the name of a slot"),
        ("[a]\nx: one\n    {x two\n", "line 3: a brace is left open"),
        ("[a]\nx: {} two\n", "line 2: a brace is left open, or the text in braces is not a name"),
    ],
)
def test_an_error_names_the_file_and_the_line(text: str, message: str) -> None:
    with pytest.raises(DataError, match=f"^prose/xx.txt, {message}"):
        parse_slots(text, "prose/xx.txt")


def test_every_text_of_the_package_is_read_by_someone() -> None:
    """A file that no code names only makes the wheel larger."""
    code = "".join(path.read_text(encoding="utf-8") for path in DATA.parent.glob("*.py"))
    folders = {path.parent.name for path in DATA.rglob("*.txt")}
    assert folders == {"data", "prose", "code", "licenses", "pages"}
    assert all(f"{folder}/" in code for folder in folders)
    assert all(f'"{path.name}"' in code for path in DATA.glob("*.txt"))


def test_the_shared_word_files_have_the_form() -> None:
    assert set(read_slots("words.txt")) == {"junk", "code", "web", "mail", "benchmark"}
    assert set(read_slots("pii.txt", filled_by_caller=("value", "name"))) == {"en", "de", "fr", "es"}
    assert read_text("licenses/MIT.txt").startswith("MIT License\n")
