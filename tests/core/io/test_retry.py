"""Messages about store errors contain no signatures, and errors that cause each other have no code."""

from tokenmill.core.io import retry


def test_signatures_are_not_said() -> None:
    said = retry.without_credentials("https://h.org/x?X-Amz-Credential=abc&X-Amz-Signature=def&part=7")
    assert "abc" not in said and "def" not in said and said.endswith("part=7")


def test_errors_that_are_each_others_cause_have_no_code() -> None:
    one, other = ValueError(), KeyError()
    one.__cause__, other.__cause__ = other, one
    assert retry.error_code(one) == ""
