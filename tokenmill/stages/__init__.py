"""Units of work that read, rewrite or compare documents.

UNITS has the module of each unit. Recipes, manifests and reports use the unit's name, so the name stays when the file
moves. The class has the name of the module's last part in CamelCase: ReadWarc in web/read_warc.py.
`from tokenmill.stages import ReadWarc` loads only that module.
"""

from typing import Any

from tokenmill.core.lazy import class_name, lazy_class

EXCERPT_SCRUB = "stages.scrub_pii"
"""The Step that scrubs the excerpts of dropped texts, unless the recipe names another one."""

UNITS = {
    "datatrove_block": "tokenmill.stages.datatrove_block",
    "exact_dedup": "tokenmill.stages.dedup.exact_dedup",
    "extract_html": "tokenmill.stages.web.extract_html",
    "extract_html_resiliparse": "tokenmill.stages.web.extract_html_resiliparse",
    "extract_wikitext": "tokenmill.stages.wiki.extract_wikitext",
    "function": "tokenmill.stages.function",
    "language": "tokenmill.stages.scoring.language",
    "line_dedup": "tokenmill.stages.dedup.line_dedup",
    "minhash": "tokenmill.stages.dedup.minhash",
    "read_code": "tokenmill.stages.code.read_code",
    "read_table": "tokenmill.stages.tables.read_table",
    "read_warc": "tokenmill.stages.web.read_warc",
    "read_wikipedia": "tokenmill.stages.wiki.read_wikipedia",
    "read_wikipedia_html": "tokenmill.stages.wiki.read_wikipedia_html",
    "scrub_pii": "tokenmill.stages.scrubbing.scrub_pii",
    "substring_dedup": "tokenmill.stages.dedup.substring_dedup",
    "url_dedup": "tokenmill.stages.dedup.url_dedup",
    "write_jsonl": "tokenmill.stages.tables.write_jsonl",
}


def units() -> dict[str, str]:
    """Returns {name of a unit that reads, rewrites or compares documents: its module}.

    Like the function of this name in filters/.
    """
    return UNITS


def __getattr__(name: str) -> Any:
    return lazy_class(__name__, UNITS, name)


def __dir__() -> list[str]:
    return [*globals(), *map(class_name, UNITS)]
