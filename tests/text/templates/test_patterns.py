"""Patterns of templates compile to instructions, and a wrong pattern says what is wrong."""

import pytest

from tokenmill.text.templates.patterns import ALL, Pool


def test_a_mask_has_the_arguments_that_a_pattern_understands() -> None:
    masks = {
        "$1": 0b10,
        "{3|x}<, $2> ~5": 0b101110,
        "$1 ~": ALL | 0b10,
        "$1 ~3": 0b1010,
        "@date(1,ymd)": 0b1110,
        "@age(4,1)": 0b1111110,
    }
    for pattern, mask in masks.items():
        assert Pool().pattern(pattern, ())[2] == mask
    assert Pool().pattern("{*:, }", ())[2] & ALL and Pool().pattern("", ()) == (0, 0, 0)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("<$1", "not closed"), ("$1>", "do not pair"), ("<$1 // $2>", "do not pair"), ("<<<<$1>>>>", "than 3 deep"),
        ("@nothing(1)", "no rule or table"), ("a $ b", "backslash"), ("x" * 200, "more than 160"),
        ("{*:abcd}", "at most 3"), ("$1 $1", "twice"),
    ],
)  # fmt: skip
def test_a_wrong_pattern_says_what_is_wrong(pattern: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Pool().pattern(pattern, ())


def test_a_pattern_is_compiled_once() -> None:
    pool = Pool()
    assert pool.pattern("$1 \\$", ()) == pool.pattern("$1 \\$", ()) and len(pool.operations) == 3
