"""The syntax of comments and strings in programming languages: a table with one entry per family of languages.

The names of languages are those of text/code/languages.py. A mark is the text that opens a comment or a string. If
several marks fit, the longest one is used. Regular expressions, here-documents and code inside strings are not
distinguished from other code. An error from this ends at the end of the line, because a string ends there if its
language does not let it continue.
"""

from typing import NamedTuple

COMMENT = 1  # a comment; without this flag a string, or a text to skip
TO_LINE_END = 2  # ends at the end of the line, or before it
NESTS = 4
ESCAPES = 8  # a backslash escapes the next character
AT_LINE = 16  # only if nothing but blanks is before it on its line
AT_WORD = 32  # only at the start of a line or after a blank or one of ;&|(){}[],
FREE = 64  # not after a letter, a digit, `_`, a dot, a quote or a closing bracket

LONGEST = 8  # the most bytes of an opening or closing text
MOST_MARKS = 16  # the most marks of a language


class Mark(NamedTuple):
    """The start and end of a kind of comment or string. Without `closes` and TO_LINE_END it is only `opens` itself."""

    opens: str
    closes: str
    flags: int


def _line(opens: str, flags: int = 0) -> Mark:
    return Mark(opens, "", COMMENT | TO_LINE_END | flags)


def _block(opens: str, closes: str, flags: int = 0) -> Mark:
    return Mark(opens, closes, COMMENT | flags)


def _string(quote: str, flags: int = 0) -> Mark:
    """Returns the mark of a string that ends at the end of its line at the latest."""
    return Mark(quote, quote, ESCAPES | TO_LINE_END | flags)


def _long(opens: str, closes: str = "", flags: int = ESCAPES) -> Mark:
    """Returns the mark of a string that may have many lines."""
    return Mark(opens, closes or opens, flags)


def _passed(*texts: str) -> tuple[Mark, ...]:
    return tuple(Mark(text, "", 0) for text in texts)


_QUOTED = (_string('"'), _string("'"))
_QUOTES = _passed("'\"'", "'\\\"'", "'\\''")  # character literals, for languages in which `'` has other uses too
_SLASHES = (_line("//"), _block("/*", "*/"))
_NESTED = (_line("//"), _block("/*", "*/", NESTS))
_STARS = (_block("(*", "*)", NESTS),)
_LISP = (_line(";"), _block("#|", "|#", NESTS), _long('"'), *_passed('#\\"', "#\\;", "\\;", '\\"'))
_MARKUP = (_block("<!--", "-->"),)
_BRACES = (_block("{-", "-}", NESTS), _line("--"), _string('"'), *_QUOTES)
_DOCSTRINGS = tuple(
    mark
    for quotes in ('"""', "'''")
    for mark in (
        _block(quotes, quotes, ESCAPES | AT_LINE),
        _block("r" + quotes, quotes, ESCAPES | AT_LINE),
        _long(quotes),
    )
)
_POD = tuple(_block(f"={word}", "\n=cut", AT_LINE) for word in ("pod", "head", "begin", "over", "item", "encodin"))
_BATCH = (_line("::", AT_LINE), *(_line(word, AT_LINE) for word in ("REM ", "rem ", "Rem ", "@REM ", "@rem ")))
_MATLAB = (_block("%{", "%}", NESTS | AT_LINE), _line("%"), _string('"'), Mark("'", "'", TO_LINE_END | FREE))

_FAMILIES: dict[str, tuple[Mark, ...]] = {
    "C|C++|Objective-C|Objective-C++|CUDA|Cuda|GLSL|HLSL|Metal|OpenCL|Java|C#|ActionScript|Apex|Haxe|Solidity|Vala|"
    "Protocol Buffer|Thrift|Arduino|Processing|QML|Gosu|Unified Parallel C|nesC|Bison|Lex|Yacc|WebIDL|ANTLR|"
    "Cap'n Proto|JSON with Comments|JSON5|SCSS|Less|Stylus|Squirrel|Pike|AngelScript|ShaderLab|Slang|Linker Script": (
        *_SLASHES, *_QUOTED,
    ),
    "JavaScript|TypeScript|TSX|JSX": (*_SLASHES, *_QUOTED, _long("`")),
    "Go": (*_SLASHES, *_QUOTED, _long("`", flags=0)),
    "Groovy|Gradle": (*_SLASHES, *_QUOTED, _long('"""'), _long("'''")),
    "PHP|Hack": (_line("#"), *_SLASHES, _long('"'), _long("'"), *_passed("#[")),
    "Kotlin|Scala|Chapel": (*_NESTED, _string('"'), _long('"""', flags=0), *_QUOTES),
    "Swift": (*_NESTED, _string('"'), _long('"""')),
    "Dart": (*_NESTED, *_QUOTED, _long('"""'), _long("'''")),
    "Rust": (*_NESTED, _long('"'), _long('r#"', '"#', 0), _long('r"', '"', FREE), *_QUOTES),
    "Zig|Odin|V": (*_NESTED, _string('"'), *_QUOTES),
    "D": (*_SLASHES, _block("/+", "+/", NESTS), _long('"'), _long("`", flags=0), *_QUOTES),
    "CSS|PostCSS|SAS": (_block("/*", "*/"), *_QUOTED),
    "Sass": (*_SLASHES, *_QUOTED),
    "Python|Cython|Starlark|GDScript|Meson|Xonsh|Snakemake|Mojo": (_line("#"), *_DOCSTRINGS, *_QUOTED),
    "R|Awk|GraphQL|TOML": (_line("#"), *_QUOTED, _long('"""'), _long("'''")),
    "Stan": (_line("#"), *_SLASHES, _string('"')),
    "Julia": (_line("#"), _block("#=", "=#", NESTS), _long('"'), _long('"""'), *_QUOTES),
    "Ruby|Crystal": (
        _line("#", AT_WORD), _block("=begin", "\n=end", AT_LINE), _long('"'), _long("'"), *_passed("?\"", "?'"),
    ),
    "Elixir": (_line("#", AT_WORD), _long('"""'), _long("'''"), _long('"'), *_QUOTES),
    "Nim": (_line("#"), _block("#[", "]#", NESTS), _string('"'), _long('"""', flags=0), *_QUOTES),
    "CoffeeScript": (_line("#"), _block("###", "###"), _long('"'), _long("'"), _long('"""'), _long("'''")),
    "Perl|Raku": (_line("#", AT_WORD), *_POD, _string('"', FREE), _string("'", FREE)),
    "Shell|fish|Tcsh|Nushell": (_line("#", AT_WORD), _long('"'), _long("'", flags=0), *_passed("\\'", '\\"', "\\#")),
    "Makefile|Dockerfile|YAML|Ignore List|EditorConfig|Git Config|Git Attributes|Just|Nginx|ApacheConf|Kconfig|"
    "Gherkin|Puppet|RobotFramework|Java Properties|Gettext Catalog|M4Sugar|QMake|BitBake": (
        _line("#", AT_WORD), _string('"', FREE), _string("'", FREE),
    ),
    "CMake": (_line("#"), _block("#[[", "]]"), _long('"')),
    "Tcl": (_line("#", AT_WORD), *_passed("\\#", '\\"')),
    "HCL|Terraform": (_line("#"), *_SLASHES, *_QUOTED),
    "Nix": (_line("#"), _block("/*", "*/"), _long('"'), _long("''", flags=0)),
    "PowerShell": (_line("#", AT_WORD), _block("<#", "#>"), _long('"', flags=0), _long("'", flags=0)),
    "INI|Windows Registry Entries": (_line(";", AT_WORD), _line("#", AT_LINE)),
    "Assembly|Unix Assembly|Motorola 68K Assembly|LLVM": (
        _line(";"), *_SLASHES, _line("#", AT_LINE), _line("*", AT_LINE), _string('"'), *_QUOTES,
    ),
    "Common Lisp|Scheme|Racket|Emacs Lisp|Clojure|NewLisp|Hy|Fennel|Janet": _LISP,
    "WebAssembly": (_line(";;"), _block("(;", ";)", NESTS), _string('"')),
    "AutoHotkey": (_line(";", AT_WORD), _block("/*", "*/"), _string('"')),
    "SMT": (_line(";"), _long('"', flags=0)),
    "SQL|PLSQL|PLpgSQL|TSQL|SQLPL|HiveQL": (_line("--"), _block("/*", "*/"), _long("'", flags=0), _string('"')),
    "Haskell|Elm|PureScript|Agda|Idris|Dhall|Curry": _BRACES,
    "Ada|VHDL": (_line("--"), _string('"'), *_passed("'\"'")),
    "Lua|Luau|MoonScript": (
        _line("--"), _block("--[[", "]]"), _block("--[=[", "]=]"), *_QUOTED, _long("[[", "]]", 0),
    ),
    "AppleScript": (_line("--"), _line("#", AT_LINE), *_STARS, _long('"')),
    "Lean|Lean 4": (_line("--"), _block("/-", "-/", NESTS), _long('"'), *_QUOTES),
    "Eiffel": (_line("--"), _string('"')),
    "OCaml|Standard ML|Coq|Rocq Prover|Isabelle|ReasonML": (*_STARS, _long('"'), *_QUOTES),
    "F#": (_line("//"), *_STARS, _long('"'), _long('"""', flags=0), *_QUOTES, *_passed("(*)")),
    "Mathematica|Wolfram Language": (*_STARS, _long('"')),
    "Pascal|Delphi": (_line("//"), _block("{", "}"), _block("(*", "*)"), Mark("'", "'", TO_LINE_END)),
    "Modula-2|Modula-3|Oberon": (*_STARS, *_QUOTED),
    "Erlang": (_line("%"), _long('"'), _string("'"), *_passed("$%", '$"', "$'")),
    "Prolog|Logtalk|Mercury": (_line("%"), _block("/*", "*/"), *_QUOTED, *_passed("0'%", "0'\"")),
    "TeX|BibTeX|BibTeX Style": (_line("%"), *_passed("\\%", "\\\\")),
    "PostScript": (_line("%"),),
    "MATLAB|Octave": _MATLAB,
    "Fortran|Fortran Free Form": (_line("!"), _string('"'), Mark("'", "'", TO_LINE_END)),
    "Verilog|SystemVerilog|Bluespec": (*_SLASHES, _string('"')),
    "Visual Basic|Visual Basic .NET|Visual Basic 6.0|VBA|VBScript": (
        _line("'"), _line("REM ", AT_LINE), _line("Rem ", AT_LINE), Mark('"', '"', TO_LINE_END),
    ),
    "Batchfile": _BATCH,
    "Vim Script|Vim script": (_line('"', AT_LINE), _string('"', FREE), Mark("'", "'", TO_LINE_END | FREE)),
    "Smalltalk": (_block('"', '"'), _long("'", flags=0)),
    "HTML|XML|SVG|XSLT|Markdown|XML Property List|Maven POM": _MARKUP,
    "Vue|Svelte|Astro": (*_MARKUP, _block("/*", "*/"), _line("//", AT_WORD)),
    "Roff|Roff Manpage": (_line('.\\"', AT_LINE), _line('\'\\"', AT_LINE), _line('\\"')),
    "Turtle|SPARQL": (_line("#", AT_WORD), _long('"""'), *_QUOTED),
    "Graphviz (DOT)|Graphviz|PlantUML": (*_SLASHES, _line("#", AT_LINE), _long('"')),
    "sed|jq|Jsonnet": (_line("#", AT_WORD), *_QUOTED),
    "Go Module": (_line("//"),),
}  # fmt: skip

COMMENTS = {language: marks for languages, marks in _FAMILIES.items() for language in languages.split("|")}
"""The marks of each language whose comments are known."""
