"""Code as dumps hold it: repositories in a tar archive, and the same kind of rows in a Parquet file."""

import gzip
import hashlib
import io
import random
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tokenmill.mini.code_files import LANGUAGES, NOUNS, identifier, source_file
from tokenmill.mini.prose import randomness, voice

MIT = """MIT License

Copyright (c) {year} {owner}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""
APACHE = """                                 Apache License
                           Version 2.0, January 2004
                        http://www.apache.org/licenses/

Copyright {year} {owner}

Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with the
License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0
"""
GPL = """                    GNU GENERAL PUBLIC LICENSE
                       Version 3, 29 June 2007

Copyright (C) {year} {owner}

This program is free software: you can redistribute it and/or modify it under the terms of the GNU General Public
License as published by the Free Software Foundation, either version 3 of the License, or (at your option) any later
version. This program is distributed in the hope that it will be useful, but WITHOUT ANY WARRANTY; without even the
implied warranty of MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.
"""
LICENCES: dict[str | None, str] = {"MIT": MIT, "Apache-2.0": APACHE, "GPL-3.0-or-later": GPL, None: ""}
EXTENSIONS = {"Markdown": "md", **{language.name: language.extension for language in LANGUAGES.values()}}


@dataclass(frozen=True)
class CodeFile:
    """One file of a repository; licence is the repository's SPDX identifier, None where it has none."""

    repo: str
    path: str
    lang: str
    licence: str | None
    content: str


def write_code(folder: Path, *, pages: int, seed: int) -> None:
    """code.tar.gz and code.parquet; one repository for every 30 pages, at least four, in each."""
    num_repos = max(4, pages // 30)
    _write_tar([repository(seed, number) for number in range(num_repos)], folder / "code.tar.gz")
    rows = [file for number in range(num_repos, 2 * num_repos) for file in repository(seed, number)]
    _write_parquet(rows, folder / "code.parquet", seed)


def repository(seed: int, number: int) -> list[CodeFile]:
    """A small repository: licence, readme, sources in three languages, one generated and one minified file."""
    rng = randomness(seed, "repository", number)
    licence = list(LICENCES)[number % len(LICENCES)]
    repo = f"{rng.choice(NOUNS)}-labs/{rng.choice(NOUNS)}-{rng.choice(NOUNS)}-{number}"
    languages = [list(LANGUAGES)[(number + 3 * i) % len(LANGUAGES)] for i in range(3)]
    return [CodeFile(repo, path, lang, licence, text) for path, lang, text in _files(rng, repo, licence, languages)]


def _files(rng: random.Random, repo: str, licence: str | None, languages: list[str]) -> Iterator[tuple[str, str, str]]:
    year, owner = rng.randint(2009, 2023), voice("en", "technology").phrase(rng, "name")
    if licence is not None:
        yield "LICENSE", "Text", LICENCES[licence].format(year=year, owner=owner)
    yield "README.md", "Markdown", _readme(rng, repo)
    notice = f"Copyright {year} {owner}\nSPDX-License-Identifier: {licence}" if licence else ""
    for language in languages:
        for _ in range(rng.randint(2, 4)):
            has_notice = rng.random() < 0.6
            text = source_file(language, rng, num_functions=rng.randint(2, 6), notice=notice if has_notice else "")
            yield f"src/{identifier(rng)}_{rng.randint(1, 999)}.{EXTENSIONS[language]}", language, text
    yield "gen/schema.pb.go", "Go", _generated(rng)
    yield "dist/bundle.min.js", "JavaScript", _minified(rng)


def _readme(rng: random.Random, repo: str) -> str:
    speak = voice("en", "technology")
    paragraphs = [" ".join(speak.sentence(rng) for _ in range(3)) for _ in range(3)]
    return f"# {repo.split('/')[1]}\n\n" + "\n\n".join(paragraphs) + "\n\n```sh\nmake test\n```\n"


def _generated(rng: random.Random) -> str:
    nouns = enumerate(rng.sample(NOUNS, 20), start=1)
    fields = "".join(f'\t{noun.capitalize()} int32 `protobuf:"varint,{i},opt"`\n' for i, noun in nouns)
    head = "// Code generated by protoc-gen-go. DO NOT EDIT.\n\npackage schema\n\n"
    return f"{head}type Message struct {{\n{fields}}}\n"


def _minified(rng: random.Random) -> str:
    """One long line, as bundlers write it."""
    nouns = [rng.choice(NOUNS) for _ in range(150)]
    pieces = [f"function f{i}(e,t){{return e.{noun}>{rng.randint(1, 99)}?t:{{n:e}}}}" for i, noun in enumerate(nouns)]
    return "!function(){" + ";".join(pieces) + "}();\n"


def _write_tar(repositories: list[list[CodeFile]], path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for file in (file for files in repositories for file in files):
            content = file.content.encode()
            entry = tarfile.TarInfo(f"{file.repo.replace('/', '__')}/{file.path}")
            # time, owner and mode stay TarInfo's fixed defaults
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    path.write_bytes(gzip.compress(buffer.getvalue(), 6, mtime=0))


def _write_parquet(files: list[CodeFile], path: Path, seed: int) -> None:
    """The Stack's columns, and the licence as one string besides."""
    rng = randomness(seed, "stars")
    rows = [
        {
            "hexsha": hashlib.sha1(file.content.encode()).hexdigest(),
            "size": len(file.content.encode()),
            "ext": file.path.rsplit(".", 1)[-1] if "." in file.path else "",
            "lang": file.lang,
            "max_stars_repo_path": file.path,
            "max_stars_repo_name": file.repo,
            "max_stars_repo_licenses": [file.licence] if file.licence else [],
            "max_stars_count": rng.choice((None, rng.randint(0, 5000))),
            "license": file.licence,
            "content": file.content,
            **_shape(file.content),
        }
        for file in files
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=STACK_SCHEMA), path, compression="zstd")


def _shape(content: str) -> dict[str, float | int]:
    lengths = [len(line) for line in content.splitlines()] or [0]
    return {
        "avg_line_length": sum(lengths) / len(lengths),
        "max_line_length": max(lengths),
        "alphanum_fraction": sum(c.isalnum() for c in content) / max(1, len(content)),
    }


STACK_SCHEMA = pa.schema(
    [
        ("hexsha", pa.string()),
        ("size", pa.int64()),
        ("ext", pa.string()),
        ("lang", pa.string()),
        ("max_stars_repo_path", pa.string()),
        ("max_stars_repo_name", pa.string()),
        ("max_stars_repo_licenses", pa.list_(pa.string())),
        ("max_stars_count", pa.int64()),
        ("license", pa.string()),
        ("content", pa.large_string()),
        ("avg_line_length", pa.float64()),
        ("max_line_length", pa.int64()),
        ("alphanum_fraction", pa.float64()),
    ]
)
