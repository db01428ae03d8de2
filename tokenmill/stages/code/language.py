"""Finds the programming language of a file by its name, or by its first lines if the name does not decide.

Name patterns come from Pygments, which has some 850 of them and is maintained. Languages have the names that GitHub and
The Stack use. Pygments' own guess by content is used only if several languages share a file name ending and no rule
here decides.
"""

import functools
import re
from collections.abc import Callable

from pygments.lexers import find_lexer_class, get_all_lexers

_HEAD = 4096  # bytes that are searched
_CALLED = {
    "Bash": "Shell", "Text only": "Text", "Docker": "Dockerfile", "GAS": "Assembly", "NASM": "Assembly",
    "verilog": "Verilog", "systemverilog": "SystemVerilog", "vhdl": "VHDL", "Groff": "Roff", "Rocq Prover": "Coq",
    "Lean4": "Lean", "Embedded Ragel": "Ragel", "Matlab": "MATLAB", "Transact-SQL": "TSQL", "FoxPro": "xBase",
    "S": "R", "markdown": "Markdown", "EmacsLisp": "Emacs Lisp", "VimL": "Vim Script", "Fish": "fish",
    "VB.net": "Visual Basic .NET", "aspx-cs": "ASP.NET", "Cuda": "CUDA", "Perl6": "Raku", "JSON-LD": "JSON",
    "reg": "Windows Registry Entries", "autohotkey": "AutoHotkey", "Web IDL": "WebIDL", "PO": "Gettext Catalog",
    "HTML + Angular2": "HTML", "Graphviz": "Graphviz (DOT)", "nix": "Nix", "liquid": "Liquid",
}  # fmt: skip
_ENDINGS = {
    "bas": "Visual Basic", "bat": "Batchfile", "cjs": "JavaScript", "cl": "Common Lisp", "cts": "TypeScript",
    "feature": "Gherkin", "fs": "F#", "g": "ANTLR", "g4": "ANTLR", "gd": "GDScript", "gradle": "Gradle", "hh": "C++",
    "htm": "HTML", "html": "HTML", "inf": "INI", "json": "JSON", "json5": "JSON5", "jsonc": "JSON with Comments",
    "jsx": "JavaScript", "lock": "Text", "asc": "", "pem": "", "key": "", "crt": "",
    "md": "Markdown", "mdx": "MDX", "mjs": "JavaScript", "mm": "Objective-C++",
    "mts": "TypeScript", "p": "OpenEdge ABL", "pm": "Perl", "prolog": "Prolog", "pxd": "Cython", "py": "Python",
    "pyi": "Python",
    "rst": "reStructuredText", "s": "Assembly", "sql": "SQL", "svelte": "Svelte", "svg": "SVG", "tex": "TeX",
    "toc": "TeX", "tsv": "TSV", "csv": "CSV", "tsx": "TSX", "ttl": "Turtle", "txt": "Text", "vue": "Vue",
    "xsl": "XSLT", "xslt": "XSLT", "zig": "Zig", "ipynb": "Jupyter Notebook", "in": "", "lean": "Lean", "mi": "Mason",
    "asm": "Assembly", "axd": "ASP.NET", "aspx": "ASP.NET", "cp": "C++", "pas": "Pascal", "pyx": "Cython", "def": "",
    "c": "C", "y": "Yacc", "yy": "Yacc", "l": "Lex", "ll": "Lex", "m4": "M4", "am": "Makefile", "ac": "M4",
    "erb": "HTML+ERB",
    "ejs": "EJS", "hbs": "Handlebars", "j2": "Jinja", "jinja": "Jinja", "jinja2": "Jinja", "tmpl": "", "nim": "Nim",
    "less": "Less", "f": "Fortran", "for": "Fortran", "cfg": "INI", "conf": "INI", "properties": "Java Properties",
    "wast": "WebAssembly", "wat": "WebAssembly",
}  # fmt: skip
"""By ending of a file name, before the endings of Pygments. "" means that the ending does not decide."""

_NAMES = {
    "makefile": "Makefile", "gnumakefile": "Makefile", "dockerfile": "Dockerfile", "containerfile": "Dockerfile",
    "cmakelists.txt": "CMake", "rakefile": "Ruby", "gemfile": "Ruby", "vagrantfile": "Ruby", "podfile": "Ruby",
    "build": "Starlark", "build.bazel": "Starlark", "workspace": "Starlark", "jenkinsfile": "Groovy",
    "meson.build": "Meson", "sconstruct": "Python", "configure.ac": "M4", "kconfig": "Kconfig",
    "go.mod": "Go Module", "go.sum": "Go Checksums",
    "pkg-info": "Text", "metadata": "Text", "control": "Text", "requirements.txt": "Text",
}  # fmt: skip
_PROSE = re.compile(
    r"(readme|licen[cs]e|copying|copyright|authors|contributors|changelog|changes|news|notice|install|todo|history|"
    r"thanks|credits|maintainers|owners|manifest|version|patents|faq|hacking|unlicense)([-_.].*)?\Z"
)
_DOTTED_RC = {
    ".gitignore": "Ignore List", ".dockerignore": "Ignore List", ".npmignore": "Ignore List",
    ".gitattributes": "Git Attributes", ".editorconfig": "EditorConfig", ".bashrc": "Shell", ".profile": "Shell",
    ".eslintrc": "JSON", ".babelrc": "JSON", ".prettierrc": "JSON", ".vimrc": "Vim Script", ".gitmodules": "Git Config",
}  # fmt: skip
_SHEBANG = re.compile(rb"#!\s*(?:\S*/)?(?:env\s+(?:-\S+\s+)*)?([A-Za-z_+]+)")
_INTERPRETERS = {
    "sh": "Shell", "bash": "Shell", "dash": "Shell", "ksh": "Shell", "zsh": "Shell", "ash": "Shell", "fish": "fish",
    "python": "Python", "pypy": "Python", "node": "JavaScript", "nodejs": "JavaScript", "deno": "TypeScript",
    "perl": "Perl", "ruby": "Ruby", "php": "PHP", "lua": "Lua", "luajit": "Lua", "awk": "Awk", "gawk": "Awk",
    "make": "Makefile", "tclsh": "Tcl", "wish": "Tcl", "expect": "Tcl", "rscript": "R", "julia": "Julia",
    "runhaskell": "Haskell", "escript": "Erlang", "elixir": "Elixir", "groovy": "Groovy", "scala": "Scala",
    "swift": "Swift", "ocaml": "OCaml", "guile": "Scheme", "racket": "Racket", "sbcl": "Common Lisp", "sed": "sed",
    "osascript": "AppleScript", "raku": "Raku", "pwsh": "PowerShell", "crystal": "Crystal", "dart": "Dart",
}  # fmt: skip


def _rules(*rules: tuple[str, str]) -> list[tuple[re.Pattern[bytes], str]]:
    """Compiles (pattern, language) pairs. `^>` in a pattern stands for the start of a line and its blanks.

    `\\s*` instead would also match line feeds, and take quadratic time.
    """
    starts = [(pattern.replace("^>", r"^[ \t]*").encode(), language) for pattern, language in rules]
    return [(re.compile(pattern, re.MULTILINE), language) for pattern, language in starts]


_OBJECTIVE_C = r"^>(@(interface|implementation|import|class|protocol|end|property)\b|#import\b)"
_BY_CONTENT = {
    "h": _rules(
        (_OBJECTIVE_C, "Objective-C"),
        (r"^>(class|namespace|template|using|public:|private:|protected:|constexpr)\b|^>(public|private):|\bstd::"
         r"|^>#\s*include\s*<(string|vector|map|memory|iostream|utility|functional|type_traits|algorithm)>", "C++"),
        (r"", "C"),
    ),
    "m": _rules(
        (_OBJECTIVE_C + r"|^>//|^>/\*", "Objective-C"), (r"^>(%|function\b|classdef\b|end\b)", "MATLAB"),
        (r":-\s+(module|interface|import_module)\b", "Mercury"),
    ),
    "ts": _rules((r"\A\s*<\?xml|\A\s*<!DOCTYPE TS", "XML"), (r"", "TypeScript")),
    "pl": _rules((r"\A#!.*perl|^>(use|package|my|our|sub|require)\b", "Perl"), (r":-|\?-", "Prolog"), (r"", "Perl")),
    "pro": _rules((r":-", "Prolog"), (r"^>(TEMPLATE|SOURCES|QT|CONFIG|HEADERS|TARGET)\s*[+=]", "QMake"),
                  (r"(?i)^>(pro|function|end|compile_opt)\b", "IDL")),
    "v": _rules((r"^>(Require|Theorem|Lemma|Proof|Definition|Qed|Inductive)\b", "Coq"),
                (r"\b(module|endmodule|input|output|wire|reg)\b|^>`", "Verilog"), (r"^>(fn|import|pub)\b", "V")),
    "t": _rules((r"\A#!.*perl|^>(use|my|package|plan)\b", "Perl"), (r"", "Text")),
    "inc": _rules((r"<\?php|<\?=", "PHP"), (r"^>#\s*(include|define|if|ifdef|ifndef)\b|;\s*$", "C")),
    "i": _rules((r"%\{|%(module|include|typemap)", "SWIG"), (r"", "Assembly")),
    "d": _rules((r"^[^:#=]+:.*\\?$(?![^;]*;)", "Makefile"), (r"", "D")),
    "as": _rules((r"", "ActionScript")),
    "n": _rules((r"", "Nemerle")),
    "sc": _rules((r"^>(object|class|def|import|val|package)\b", "Scala"), (r"", "SuperCollider")),
    "cls": _rules((r"\\(Provides|NeedsTeX|RequirePackage)", "TeX"), (r"(?i)\bclass\b.*\{", "Apex"),
                  (r"", "Visual Basic")),
    "r": _rules((r"^>(REBOL|Red)\b", "Rebol"), (r"", "R")),
    "php": _rules((r"", "PHP")),
    "rl": _rules((r"", "Ragel")),
    "b": _rules((r"^>(implement|include)\b", "Limbo"), (r"", "Brainfuck")),
}  # fmt: skip


def language_of(path: str, content: bytes) -> str | None:
    """Returns a source file's programming language, or None if neither the file's name nor its content decides.

    path: with `/` as separator; only its last part counts.
    """
    name = path.rpartition("/")[2].lower()
    if (found := _by_name(name)) is not None:
        return found or _by_shebang(content)
    ending = name.rpartition(".")[2] if "." in name[1:] else ""
    for pattern, language in _BY_CONTENT.get(ending, ()):
        if pattern.search(content, 0, _HEAD):
            return language
    if ending in _BY_CONTENT:
        return None
    shared = _shared_endings().get(ending)
    return _by_guess(shared, content) if shared else _by_shebang(content)


def _by_name(name: str) -> str | None:
    """Returns the language that the name alone gives, or None if the name does not decide."""
    for table in (_NAMES, _DOTTED_RC):
        if name in table:
            return table[name]
    ending = name.rpartition(".")[2] if "." in name[1:] else ""
    if ending in _BY_CONTENT:
        return None
    if ending and (found := _ENDINGS.get(ending, _endings().get(ending))):
        return found
    if name.startswith(("makefile.", "dockerfile.")):
        return "Makefile" if name.startswith("m") else "Dockerfile"
    if _PROSE.match(name):
        return "Text"
    if re.fullmatch(r".+\.[1-9]", name):
        return None if "-" in name or name.startswith("lib") else "Roff"
    return None


def _by_shebang(content: bytes) -> str | None:
    found = _SHEBANG.match(content, 0, 256)
    return _INTERPRETERS.get(found[1].decode("ascii").lower()) if found else None


def _by_guess(lexers: tuple[str, ...], content: bytes) -> str | None:
    """Returns the language of the lexer with the highest score of Pygments, or None if all scores are 0."""
    head = content[:_HEAD].decode("utf-8", "replace")
    scored: list[tuple[float, str]] = []
    for name in lexers:
        analyse: Callable[[str], float] = find_lexer_class(name).analyse_text
        scored.append((analyse(head), name))
    best, name = max(scored, key=lambda pair: pair[0])
    return _called(name) if best > 0 else None


def _called(name: str) -> str:
    return _CALLED.get(name, name)


@functools.cache
def _endings() -> dict[str, str]:
    """Returns {ending: language} for the endings that only one lexer of Pygments has."""
    return {ending: _called(names[0]) for ending, names in _patterns().items() if len(names) == 1}


@functools.cache
def _shared_endings() -> dict[str, tuple[str, ...]]:
    """Returns {ending: names of lexers} for the endings that several lexers of Pygments have."""
    return {ending: names for ending, names in _patterns().items() if len(names) > 1}


@functools.cache
def _patterns() -> dict[str, tuple[str, ...]]:
    """Returns {ending in lower case: names of Pygments' lexers}, without lexers of templates inside other languages."""
    found: dict[str, list[str]] = {}
    for name, _, patterns, _ in get_all_lexers(plugins=False):
        for pattern in patterns:
            ending = pattern[2:].lower()
            if pattern.startswith("*.") and not set(ending) & set("*?[") and "+" not in name.strip("+"):
                found.setdefault(ending, []).append(name)
    return {ending: tuple(dict.fromkeys(names)) for ending, names in found.items()}
