"""Licences are judged by a list of SPDX ids. A setting decides whether a document that names no licence is kept."""

import pytest

from tokenmill.core.columns import documents
from tokenmill.core.errors import RecipeError
from tokenmill.filters.code_license import PERMISSIVE, CodeLicense
from tokenmill.text.code.spdx import normalized

LICENSES = ["MIT", "GPL-3.0-only", None, "GPL-3.0-only OR ISC", "MPL-2.0 AND MIT"]


def test_the_licence_that_decides_is_on_record() -> None:
    batch = CodeLicense()(documents({"id": list("abcde"), "license": LICENSES}))
    assert batch["code_license.license"].to_pylist() == ["MIT", "GPL-3.0-only", "none", "ISC", "MPL-2.0"]
    assert batch["drop_measured"].to_pylist() == [None, "GPL-3.0-only", "none", None, "MPL-2.0"]
    assert set(batch["drop_rule"].to_pylist()) == {None, "code_license.license"}


def test_lists_of_ones_own_and_files_without_a_licence() -> None:
    work = CodeLicense(permissive=("GPL-3.0-only", "MPL-2.0"), keep_unlicensed=True)
    batch = work(documents({"id": list("abcde"), "license": LICENSES}))
    assert batch["drop_measured"].to_pylist() == ["MIT", None, None, None, "MIT"]


@pytest.mark.parametrize("permissive", ["MIT", (), ("MIT OR ISC",), ("",)])
def test_what_is_no_list_of_ids_is_refused(permissive: object) -> None:
    with pytest.raises(RecipeError, match=r"code_license\.permissive: found"):
        CodeLicense(permissive=permissive)  # type: ignore[arg-type]


def test_the_default_list_is_of_sound_ids_in_order() -> None:
    assert all(normalized(name) == name for name in PERMISSIVE)
    assert len(set(PERMISSIVE)) == len(PERMISSIVE) and sorted(PERMISSIVE) == list(PERMISSIVE)
