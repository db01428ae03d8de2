"""Finds the files that a source file imports, by the import statements of its language.

Regular expressions find the statements, as in DeepSeek-Coder (arXiv:2401.14196, 2.2); there is no parser, so a
statement inside a comment or a string counts too. Each repeat in the expressions is bounded, so time is linear for any
text.
"""

import re
from collections.abc import Callable, Iterator
from posixpath import dirname, join, normpath

Candidates = tuple[str, ...]
"""The paths that an import may mean. The first one that exists is used.

A path that begins with `/` is complete; any other is the last parts of a path. A path that ends with `/` is a folder
and means the files in it.
"""

_Finder = Callable[[str, str], Iterator[Candidates]]
_B = r"[ \t]{0,64}"  # blanks
_S = r"[ \t]{1,64}"


def imports(text: str, path: str, language: str | None) -> Iterator[Candidates]:
    """Yields the paths that each import statement in the source file at `path` may mean, in the order of the text.

    Yields nothing for a language without an entry in _FINDERS.
    """
    finder = _FINDERS.get(language or "")
    if finder is not None:
        yield from finder(text, path)


def _found(expression: str) -> Callable[[str], Iterator[re.Match[str]]]:
    return re.compile(expression, re.M).finditer


def _here(path: str, name: str) -> str:
    """Returns the complete path of a name that is relative to the folder of the file at `path`."""
    return "/" + normpath(join(dirname(path), name)).lstrip("/")


_python_imports = _found(
    rf"^{_B}(?:from{_S}([\w.]{{1,300}}){_S}import{_S}\(?([\w \t\r\n,]{{0,2000}})|import{_S}([\w., \t]{{1,1000}}))"
)


def _python(text: str, path: str) -> Iterator[Candidates]:
    for match in _python_imports(text):
        module, names, modules = match.groups()
        if modules:
            for one in modules.split(","):
                yield from _python_module(one.split()[:1], path)
        else:
            yield from _python_module([module], path)
            prefix = module if module.endswith(".") else module + "."
            for one in names.split(","):
                yield from _python_module([prefix + name for name in one.split()[:1]], path)


def _python_module(names: list[str], path: str) -> Iterator[Candidates]:
    for name in names:
        bare = name.lstrip(".")
        inside = bare.replace(".", "/")
        if len(name) > len(bare):
            inside = _here(path, "../" * (len(name) - len(bare) - 1) + inside)
        if bare:
            yield tuple(f"{inside}{end}" for end in (".py", "/__init__.py", ".pyx", ".pyi"))


_script_imports = _found(rf"\b(?:from|import|require){_B}\(?{_B}['\"](\.[^'\"\n]{{0,300}})['\"]")
_SCRIPT_ENDS = ("", ".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".vue", ".svelte", ".json", ".d.ts")


def _script(text: str, path: str) -> Iterator[Candidates]:
    for match in _script_imports(text):
        place = _here(path, match[1])
        written_as_built = (place[:-3] + ".ts", place[:-3] + ".tsx") if place.endswith(".js") else ()
        indexes = (f"{place}/index{end}" for end in _SCRIPT_ENDS[1:])
        yield (*(f"{place}{end}" for end in _SCRIPT_ENDS), *written_as_built, *indexes)


_c_includes = _found(rf'^{_B}#{_B}(?:include|import){_B}["<]([^">\n]{{1,300}})[">]')


def _c(text: str, path: str) -> Iterator[Candidates]:
    for match in _c_includes(text):
        yield _here(path, match[1]), normpath(match[1])


_jvm_imports = _found(rf"^{_B}import{_S}(?:static{_S})?([\w.]{{1,300}})")


def _jvm(text: str, path: str) -> Iterator[Candidates]:
    for match in _jvm_imports(text):
        whole = match[1].rstrip(".").replace(".", "/")
        yield tuple(f"{name}{end}" for name in (whole, dirname(whole)) for end in (".java", ".kt", ".scala", ".groovy"))


_rust_uses = _found(
    rf"^{_B}(?:pub(?:\([^)\n]{{1,64}}\))?{_S})?(?:mod{_S}(\w{{1,100}}){_B};|use{_S}((?:crate|super|self)::[\w:]{{1,300}}))"
)


def _rust(text: str, path: str) -> Iterator[Candidates]:
    stem = path.rpartition("/")[2].removesuffix(".rs")
    own = dirname(path) if stem in ("mod", "lib", "main") else path.removesuffix(".rs")
    for module, use in (match.groups() for match in _rust_uses(text)):
        if module:
            yield _rust_files(f"/{own}/{module}".replace("//", "/"))
            continue
        first, *parts = [part for part in use.split("::") if part]
        top = path[: path.index("src/") + 4] if "src/" in path else ""
        start = {"crate": top, "self": own, "super": dirname(own)}[first]
        whole = normpath(join("/", start, *parts[:16]))
        yield *_rust_files(whole), *_rust_files(dirname(whole))


def _rust_files(place: str) -> Candidates:
    return f"{place}.rs", f"{place}/mod.rs"


_go_imports = _found(
    rf'^{_B}(?:import{_S})?(?:[\w.]{{1,64}}{_S})?"([\w.~-]{{1,100}}(?:/[\w.~-]{{1,100}}){{1,16}})"{_B}\r?$'
)


def _go(text: str, path: str) -> Iterator[Candidates]:
    """Yields folders, because Go packages are folders.

    The number of leading parts that name the module is not known; it is at least one.
    """
    for match in _go_imports(text):
        parts = match[1].split("/")
        yield tuple("/" + "/".join(parts[first:]) + "/" for first in range(1, len(parts)))


_ruby_requires = _found(rf"^{_B}(require_relative|require|load){_B}\(?{_B}['\"]([^'\"\n]{{1,300}})['\"]")


def _ruby(text: str, path: str) -> Iterator[Candidates]:
    for match in _ruby_requires(text):
        name = match[2].removesuffix(".rb") + ".rb"
        yield (_here(path, name),) if match[1] == "require_relative" or name[0] == "." else (name,)


_php_includes = _found(
    rf"\b(?:require|include)(?:_once)?\b[^'\"\n;]{{0,100}}['\"]([^'\"\n]{{1,300}})['\"]|^{_B}use{_S}([\w\\]{{1,300}})"
)


def _php(text: str, path: str) -> Iterator[Candidates]:
    for match in _php_includes(text):
        if match[1]:
            yield _here(path, match[1].lstrip("/")), normpath(match[1]).lstrip("./")
        else:
            parts = match[2].strip("\\").split("\\")
            yield tuple("/".join(parts[first:]) + ".php" for first in range(len(parts)))


def _dotted(expression: str, mark: str, *ends: str) -> _Finder:
    """Returns a finder of modules whose names are paths with `mark` instead of `/` between the parts."""
    found = _found(expression)

    def finder(text: str, path: str) -> Iterator[Candidates]:
        for match in found(text):
            place = match[1].replace(mark, "/").strip("/")
            yield tuple(f"{place}{end}" for end in ends)

    return finder


def _named(expression: str, *ends: str) -> _Finder:
    """Returns a finder of files by their names, next to the file or anywhere. A name may leave out one of `ends`."""
    found = _found(expression)

    def finder(text: str, path: str) -> Iterator[Candidates]:
        for match in found(text):
            names = [match[1] + end for end in ("", *ends)]
            folder, last = dirname(match[1]), match[1].rpartition("/")[2]
            names += [join(folder, f"_{last}{end}") for end in ends]  # Sass partials
            yield (*(_here(path, name) for name in names), normpath(match[1]))

    return finder


_FINDERS: dict[str, _Finder] = {
    **dict.fromkeys(("Python", "Cython"), _python),
    **dict.fromkeys(("JavaScript", "TypeScript", "TSX", "Vue", "Svelte"), _script),
    **dict.fromkeys(("C", "C++", "Objective-C", "Objective-C++", "Cuda"), _c),
    **dict.fromkeys(("Java", "Kotlin", "Scala", "Groovy"), _jvm),
    "Go": _go,
    "Rust": _rust,
    "Ruby": _ruby,
    "PHP": _php,
    "Haskell": _dotted(rf"^import{_S}(?:qualified{_S})?([A-Z][\w.]{{0,300}})", ".", ".hs"),
    "Perl": _dotted(rf"^{_B}(?:use|require){_S}([A-Z][\w:]{{0,300}})", "::", ".pm"),
    "Lua": _dotted(rf"\brequire{_B}\(?{_B}['\"]([\w./-]{{1,300}})['\"]", ".", ".lua", "/init.lua"),
    "Dart": _named(rf"^{_B}(?:import|export|part){_S}['\"](?:package:[^/'\"\n]{{1,100}}/)?([\w./-]{{1,300}})['\"]"),
    "Protocol Buffer": _named(rf"^{_B}import{_S}(?:public{_S}|weak{_S})?\"([\w./-]{{1,300}})\""),
    "Shell": _named(rf"^{_B}(?:source|\.){_S}['\"]?(?:\$\{{?\w{{1,64}}\}}?/)?([\w./-]{{1,300}})"),
    "Julia": _named(rf"^{_B}include\({_B}\"([\w./-]{{1,300}})\""),
    **dict.fromkeys(("CSS", "SCSS", "Sass", "Less"), _named(
        rf"^{_B}@(?:import|use|forward){_S}(?:url\()?['\"]?([\w./-]{{1,300}})", ".scss", ".sass", ".less", ".css")),
}  # fmt: skip
