import importlib

import pytest

from tokenmill.core.extras import how_to_install


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (
            "tokenmill.no_such",
            "mylab.x: No module named 'tokenmill.no_such'; this version of tokenmill does not have it",
        ),
        ("no_such.part", "mylab.x needs the package 'no_such', which is not installed: pip install no_such"),
    ],
)
def test_a_module_of_tokenmill_that_is_gone_is_not_a_missing_package(module: str, message: str) -> None:
    with pytest.raises(ImportError) as error:
        importlib.import_module(module)
    assert how_to_install(error.value, user="mylab.x").startswith(message)
