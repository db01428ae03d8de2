"""Keeps documents under permissive licences, given as a list of SPDX ids."""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from tokenmill.core.errors import RecipeError
from tokenmill.core.rules import Rule, check_lists, judge, signal_columns
from tokenmill.text.code.spdx import deciding, names

PERMISSIVE = (
    "0BSD", "AFL-2.1", "AFL-3.0", "Apache-1.1", "Apache-2.0", "Artistic-2.0", "BSD-1-Clause", "BSD-2-Clause",
    "BSD-2-Clause-Patent", "BSD-2-Clause-Views", "BSD-3-Clause", "BSD-3-Clause-Clear", "BSD-3-Clause-LBNL",
    "BSD-3-Clause-Modification", "BSD-4-Clause-UC", "BSD-Source-Code", "BSL-1.0", "BlueOak-1.0.0", "CC0-1.0",
    "CNRI-Python",
    "ECL-2.0", "FSFAP", "FTL", "HPND", "HPND-sell-variant", "ICU", "IJG", "ISC", "Info-ZIP", "Intel", "JasPer-2.0",
    "Libpng",
    "MIT", "MIT-0", "MIT-CMU", "MIT-Modern-Variant", "MIT-feh", "MulanPSL-2.0", "NCSA", "NTP", "OLDAP-2.8", "OpenSSL",
    "PHP-3.0", "PHP-3.01", "PSF-2.0", "PostgreSQL", "Python-2.0", "Python-2.0.1", "SSH-OpenSSH", "TCL", "UPL-1.0",
    "Unicode-3.0",
    "Unicode-DFS-2015", "Unicode-DFS-2016", "Unlicense", "W3C", "W3C-20150513", "WTFPL", "X11", "Xnet", "ZPL-2.0",
    "ZPL-2.1", "Zlib", "blessing", "bzip2-1.0.6", "curl", "libpng-2.0", "zlib-acknowledgement",
)  # fmt: skip
"""Licences that require at most a notice: no copyleft, no limits on users or purposes."""

NONE = "none"
"""The value of the signal for a document without a licence."""


@dataclass(frozen=True)
class CodeLicense:
    """Drops documents whose `license`, an SPDX expression, is not permissive.

    For `A OR B`, one licence must be in the list; for `A AND B`, both must be. Exceptions (`WITH …`) are ignored,
    because they only add permissions. The signal is the licence that decides: if the expression is refused, the first
    licence outside the list, otherwise a licence in the list. Therefore `what-if` is exact for single licences only.

    Attributes:
        permissive: SPDX ids of the licences to keep. Default: licences that require at most a notice.
        keep_unlicensed: whether to keep documents that name no licence, although by law nobody may copy them. If false,
            they are dropped with the measured value "none". Default false.
    """

    permissive: tuple[str, ...] = PERMISSIVE
    keep_unlicensed: bool = False

    RULES: ClassVar[dict[str, Rule]] = {"license": Rule("license", one_of="permissive")}
    EXAMPLES: ClassVar[list[tuple[dict[str, object], str | None]]] = [
        ({"license": "MIT"}, None),
        ({"license": "GPL-3.0-only OR MIT"}, None),
        ({"license": "(MIT OR GPL-2.0-only) AND BSD-3-Clause"}, None),
        ({"license": "Apache-2.0 WITH LLVM-exception"}, None),
        ({"license": "MIT AND GPL-3.0-only"}, "license"),
        ({"license": "LicenseRef-unknown"}, "license"),
        ({"license": "MIT AND"}, "license"),
        ({"license": None}, "license"),
    ]
    reads: ClassVar[tuple[str, ...]] = ("license",)
    adds: ClassVar[tuple[str, ...]] = signal_columns("code_license", "license")

    def __post_init__(self) -> None:
        check_lists(self, "permissive", expected="a list such as [MIT, ISC]", filled=True)
        for name in self.permissive:
            if not names(name) or " " in name:
                raise RecipeError(f"code_license.permissive: found {name!r}, expected one SPDX id such as MIT")

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        licenses = batch.column("license").cast(pa.string()).dictionary_encode()
        allowed = frozenset(self.permissive)
        decides = pa.array([deciding(name, allowed) for name in licenses.dictionary.to_pylist()], pa.string())
        signal = decides.take(licenses.indices)
        return judge(batch, self, {"license": signal if self.keep_unlicensed else pc.fill_null(signal, NONE)})
