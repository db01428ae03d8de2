"""Compares the licence that a package registry states with the licence found in the package's source archive.

    python -m bench.code_licenses FOLDER

pip and npm fetch archives that are not in FOLDER yet. An archive that cannot be fetched is reported and left out. The
stated licence is the statement of the registry, not of the archive. Fails if most files of an archive have another
licence.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from bench.code import most, read


class Stated(NamedTuple):
    """A package. registry: pypi or npm. license: the SPDX expression for the licence that the registry states."""

    registry: str
    name: str
    version: str
    language: str
    license: str


STATED = (
    Stated("pypi", "requests", "2.32.3", "Python", "Apache-2.0"),
    Stated("pypi", "chardet", "5.2.0", "Python", "LGPL-2.1-only"),  # PyPI says LGPL
    Stated("pypi", "psycopg2", "2.9.9", "C", "LGPL-3.0-or-later"),  # PyPI says LGPL with exceptions
    Stated("pypi", "grpcio", "1.66.0", "C++", "Apache-2.0"),
    Stated("npm", "express", "4.19.2", "JavaScript", "MIT"),
    Stated("npm", "dompurify", "3.1.6", "JavaScript", "MPL-2.0 OR Apache-2.0"),
    Stated("npm", "typescript", "5.5.4", "TypeScript", "Apache-2.0"),
    Stated("npm", "three", "0.167.0", "JavaScript", "MIT"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    folder = parser.parse_args().folder
    wrong = 0
    for stated in STATED:
        path = fetched(stated, folder)
        if path is None:
            print(f"{stated.registry} {stated.name} {stated.version}: could not be fetched")
            continue
        found = read(str(path))
        license = most(found.licenses)
        wrong += license != stated.license
        sign = "as stated" if license == stated.license else f"WRONG, stated {stated.license}"
        print(f"{path.name}: {found.rows} files, {most(found.languages)}: {license}, {sign}")
    sys.exit(min(1, wrong))


def fetched(stated: Stated, folder: Path) -> Path | None:
    """Returns the path of the archive, and fetches it if needed. Returns None if it cannot be fetched."""
    ending = "tar.gz" if stated.registry == "pypi" else "tgz"
    path = folder / stated.registry / f"{stated.name}-{stated.version}.{ending}"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-binary", ":all:", "--no-deps", "-d", "."]
        wanted = {
            "pypi": [*pip, f"{stated.name}=={stated.version}"],
            "npm": ["npm", "pack", "-s", f"{stated.name}@{stated.version}"],
        }
        subprocess.run(wanted[stated.registry], cwd=path.parent, capture_output=True, check=False, timeout=300)
    return path if path.exists() else None


if __name__ == "__main__":
    main()
