"""SPDX expressions have one spelling, are joined without repetition, and are judged by a list of allowed licences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenmill.text.code.spdx import deciding, joined, names, normalized

LEAVES = st.sampled_from(
    ["MIT", "GPL-2.0-only", "Apache-2.0", "LGPL-3.0-or-later WITH GCC-exception-3.1", "LicenseRef-x"]
)
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(lambda p: f"({p[0]}) {p[1]} ({p[2]})"),
    max_leaves=8,
)
ALLOWED = frozenset({"MIT", "Apache-2.0"})


def truth(expression: str) -> bool:
    """Returns whether the expression is allowed, evaluated as a Python expression."""
    for name in ("LGPL-3.0-or-later WITH GCC-exception-3.1", "GPL-2.0-only", "LicenseRef-x"):
        expression = expression.replace(name, "False")
    expression = expression.replace("MIT", "True").replace("Apache-2.0", "True")
    return bool(eval(expression.replace("AND", "and").replace("OR", "or")))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("mit OR apache-2.0", "MIT OR Apache-2.0"),
        ("MIT or Apache-2.0", "MIT OR Apache-2.0"),
        ("GPL-2.0+", "GPL-2.0-or-later"),
        ("GPL-3.0 WITH Classpath-exception-2.0", "GPL-3.0-only WITH Classpath-exception-2.0"),
        ("(MIT AND (ISC OR BSD-2-Clause))", "MIT AND (ISC OR BSD-2-Clause)"),
        ("((MIT)) OR (ISC)", "MIT OR ISC"),
        ("MIT OR ISC AND Zlib", "MIT OR (ISC AND Zlib)"),
        ("my-own OR LicenseRef-GPL", "my-own OR LicenseRef-GPL"),
        ("BSD-2-Clause-FreeBSD with CLASSPATH-EXCEPTION-2.0", "BSD-2-Clause-Views WITH Classpath-exception-2.0"),
        ("Apache License, Version 2.0", "Apache-2.0"),
        ("BSD", None),
        ("SEE LICENSE IN x.txt", None),
        ("MIT AND", None),
        ("(MIT", None),
        ("MIT)", None),
        ("OR MIT", None),
        ("MIT ISC", None),
        ("MIT WITH (a)", None),
        ("(MIT) ISC AND Zlib", None),
        ("MIT AND ISC AND", None),
        ("MIT AND ()", None),
        ("(AND MIT)", None),
        ("(" * 60 + "MIT" + ")" * 60, None),
        ("", None),
        ("§§", None),
    ],
)
def test_normalized(text: str, wanted: str | None) -> None:
    assert normalized(text) == wanted


@given(EXPRESSIONS)
def test_what_is_normalized_stays_and_decides_alike(expression: str) -> None:
    again = normalized(expression)
    assert again is not None and normalized(again) == again
    assert (deciding(again, ALLOWED) in ALLOWED) == truth(expression)
    assert deciding(again, ALLOWED) == deciding(expression, ALLOWED)


@given(st.text(alphabet="()AND ORWITHmit-+.", max_size=40))
def test_any_text_is_survived(text: str) -> None:
    deciding(text, ALLOWED)
    normalized(text)


@pytest.mark.parametrize(
    "text", ["(" * 10_000 + "MIT" + ")" * 10_000, "()" * 500_000, "\0" * 1_000_000, "a OR " * 200_000]
)
def test_long_and_deep_texts_are_no_expressions(text: str) -> None:
    assert normalized(text) is None
    assert deciding(text, ALLOWED) == text
    assert joined([text, "MIT"], "AND") == "MIT"
    names(text)


def test_no_licence_is_lost_in_long_and_deep_expressions() -> None:
    many = joined((f"LicenseRef-{number}" for number in range(10_000)), "AND")
    assert many == "LicenseRef-unknown"
    deep = "MIT"
    for word in ("AND", "OR") * 40:
        deep = joined([deep, "ISC"] if word == "AND" else [deep, "Zlib"], word) or ""
    assert "LicenseRef-unknown" in deep and deep.count("(") <= 50


@given(st.lists(EXPRESSIONS, min_size=1, max_size=3), st.sampled_from(["AND", "OR"]))
def test_joined_expressions_decide_as_their_parts_do(expressions: list[str], word: str) -> None:
    found = joined(expressions, word)
    fine = [truth(one) for one in expressions]
    assert found is not None and normalized(found) == found
    assert (deciding(found, ALLOWED) in ALLOWED) == (all(fine) if word == "AND" else any(fine))


def test_deciding_prefers_the_name_in_the_list() -> None:
    assert deciding("GPL-2.0 AND mit", {"GPL-2.0", "MIT"}) == "GPL-2.0"
    assert deciding("gpl-2.0 OR X", ALLOWED) == "GPL-2.0-only"
    assert deciding("MIT ISC", ALLOWED) == "MIT ISC"


@pytest.mark.parametrize("text", ["非MIT", "не MIT", "!MIT", "MIT 非商用", "MIT?", "MIT\0", "ŁMIT"])
def test_a_licence_with_other_words_is_not_that_licence(text: str) -> None:
    """Regression: characters outside of names were ignored, so "not MIT" in another alphabet counted as MIT."""
    assert deciding(text, ALLOWED) == text and text not in ALLOWED and normalized(text) is None


def test_joined_says_nothing_twice() -> None:
    assert joined(["MIT", "BSD-3-Clause AND MIT", "ISC OR Zlib"], "AND") == "MIT AND BSD-3-Clause AND (ISC OR Zlib)"
    assert joined(["MIT", "nothing at all"], "OR") == "MIT"
    assert joined([], "OR") is None
    assert joined(["(MIT AND ISC) OR Zlib", "X11"], "AND") == "((MIT AND ISC) OR Zlib) AND X11"


def test_names_leave_out_exceptions_and_versions() -> None:
    assert names("(GPL-2.0-only WITH Classpath-exception-2.0) OR LGPL-2.1+ AND MIT") == {"GPL-2.0", "LGPL-2.1", "MIT"}
