"""The class table agrees with Python for each code point."""

from tokenmill.text.kernel.classes import LETTER, PUNCTUATION, SENTENCE, SPACE, TERMINAL, class_table

ASSIGNABLE = [chr(point) for point in range(0x110000) if not 0xD800 <= point < 0xE000]


def test_white_space_and_letters_are_pythons() -> None:
    table = class_table()
    assert [character for character in ASSIGNABLE if bool(table[ord(character)] & SPACE) != character.isspace()] == []
    assert [character for character in ASSIGNABLE if bool(table[ord(character)] & LETTER) != character.isalpha()] == []


def test_every_mark_that_ends_a_sentence_ends_a_line() -> None:
    table = class_table()
    ends = [character for character in ASSIGNABLE if table[ord(character)] & SENTENCE]
    assert len(ends) > 100
    assert all(table[ord(character)] & TERMINAL for character in ends)
    assert all(table[ord(character)] & PUNCTUATION for character in ".!?")
