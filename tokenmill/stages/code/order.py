"""Orders the files of a repository by path or dependency, or joins them to one document per licence, in bounded memory.

Models that are trained on whole repositories see how files belong together (DeepSeek-Coder, arXiv:2401.14196, section
2). Files of different licences are never joined, so that a filter by licence stays exact.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from tokenmill.stages.code.dependencies import by_dependency
from tokenmill.stages.code.rows import CodeRow, name_length

ORDERS = ("archive", "path", "dependency")
_ROW_BYTES = 500  # memory of a row without its text and names; five million refused rows take 4 GB


@dataclass(frozen=True)
class Order:
    """Orders the rows of repositories, and joins them if wanted.

    Attributes:
        order: "archive" keeps the order of the input, "path" sorts by path, and "dependency" puts a file after the
            files that it imports.
        whole: join the kept files of a repository, in that order, or by path if `order` is "archive".
        marker: text before each file's text if files are joined; `{path}` in it becomes the file's path.
        max_bytes: largest size of the files and rows that are held in memory. A larger repository is cut into parts,
            each of which is ordered alone.
    """

    order: str
    whole: bool
    marker: str
    max_bytes: int

    def __call__(self, rows: Iterable[CodeRow]) -> Iterator[CodeRow]:
        """Yields the rows in their new order. Repositories keep their order.

        A row without a repository is yielded at once, before the rows that are held.
        """
        if self.order == "archive" and not self.whole:
            yield from rows
            return
        parts: Counter[str] = Counter()
        held: list[CodeRow] = []
        size, repository = 0, ""
        for row in rows:
            if "repo" not in row.facts:
                yield row
                continue
            own = f"{row.facts['repo']}@{row.facts.get('rev', '')}"
            length = (row.size if row.text else 0) + _ROW_BYTES + name_length(row)
            if held and (own != repository or size + length > self.max_bytes):
                yield from self._arranged(held, repository, parts)
                held, size = [], 0
            repository, size = own, size + length
            held.append(row)
        yield from self._arranged(held, repository, parts)

    def _arranged(self, rows: list[CodeRow], repository: str, parts: Counter[str]) -> Iterator[CodeRow]:
        if self.order == "dependency":
            rows = by_dependency(rows)
        else:
            rows.sort(key=lambda row: row.path or "")
        if not self.whole:
            yield from rows
            return
        yield from (row for row in rows if row.refusal)
        kept = [row for row in rows if row.refusal is None]
        kept.sort(key=_license)  # the sort is stable: files stay in order
        for license, files in groupby(kept, key=_license):
            name = f"{repository}:{license or 'none'}"
            parts[name] += 1
            yield self._document(list(files), name if parts[name] == 1 else f"{name}#{parts[name]}")

    def _document(self, files: list[CodeRow], id: str) -> CodeRow:
        texts = [self.marker.replace("{path}", file.path or "") + _ended(file.text or "") for file in files]
        languages: Counter[str | None] = Counter()
        for file in files:
            languages[file.code_lang] += len(file.text or "")
        return CodeRow(
            id,
            path=None,
            offset=min(file.offset for file in files),
            size=sum(file.size for file in files),
            time=max(file.time for file in files),
            license=files[0].license,
            code_lang=max(languages, key=lambda name: (languages[name], name or "")),
            text="".join(texts),
            facts={"repo": files[0].facts["repo"], "rev": files[0].facts.get("rev"), "files": len(files)},
        )


def _license(row: CodeRow) -> str:
    return row.license or ""


def _ended(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"
