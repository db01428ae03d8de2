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
        ("mit OR apache-2.0", "mit OR apache-2.0"),
        ("MIT or Apache-2.0", "MIT OR Apache-2.0"),
        ("GPL-2.0+", "GPL-2.0-or-later"),
        ("GPL-3.0 WITH Classpath-exception-2.0", "GPL-3.0-only WITH Classpath-exception-2.0"),
        ("(MIT AND (ISC OR BSD-2-Clause))", "MIT AND (ISC OR BSD-2-Clause)"),
        ("((MIT)) OR (ISC)", "((MIT)) OR (ISC)"),
        ("Apache License, Version 2.0", "Apache-2.0"),
        ("BSD", None),
        ("SEE LICENSE IN x.txt", None),
        ("MIT AND", None),
        ("(MIT", None),
        ("MIT)", None),
        ("OR MIT", None),
        ("MIT ISC", None),
        ("MIT WITH (a)", None),
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


def test_joined_says_nothing_twice() -> None:
    assert joined(["MIT", "BSD-3-Clause AND MIT", "ISC OR Zlib"], "AND") == "MIT AND BSD-3-Clause AND (ISC OR Zlib)"
    assert joined(["MIT", "nothing at all"], "OR") == "MIT"
    assert joined([], "OR") is None


def test_names_leave_out_exceptions_and_versions() -> None:
    assert names("(GPL-2.0-only WITH Classpath-exception-2.0) OR LGPL-2.1+ AND MIT") == {"GPL-2.0", "LGPL-2.1", "MIT"}
