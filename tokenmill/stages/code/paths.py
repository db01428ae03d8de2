"""Decides by names alone which files are not read: binaries, lock files, vendored, generated and minified code."""

import re

_BINARY = frozenset(
    """7z a aac ai aif apk ar avi bin bmp br bz2 cab class coff crx cur dat db deb dex dll dmg doc docx dylib ear eot
    exe
    fla flac flv gif gpg gz h5 hdf5 icns ico img iso jar jks jpeg jpg keystore ko lib lz4 lzma m4a m4v mdb mkv mo mov
    mp3 mp4 mpeg mpg msi node npy npz o obj odp ods odt ogg ogv onnx otf p12 parquet pb pcap pdb pdf pfx pickle pkl png
    ppt pptx psd pt pth pyc pyd pyo rar rlib rpm safetensors so sqlite sqlite3 swf tar tbz tflite tgz tif tiff ttc ttf
    txz wasm wav webm webp whl wma wmv woff woff2 xcf xls xlsx xz zip zst""".split()  # noqa: SIM905
)
_LOCK_FILES = frozenset(
    """package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock bun.lockb deno.lock poetry.lock pdm.lock
    uv.lock pipfile.lock conda-lock.yml cargo.lock gemfile.lock composer.lock podfile.lock cartfile.resolved
    package.resolved mix.lock rebar.lock pubspec.lock go.sum go.work.sum gopkg.lock glide.lock flake.lock paket.lock
    packages.lock.json project.assets.json gradle.lockfile buildscript-gradle.lockfile elm-stuff.lock stack.yaml.lock
    cabal.project.freeze .terraform.lock.hcl module.bazel.lock chart.lock""".split()  # noqa: SIM905
)
_VENDORED_FOLDERS = frozenset(
    """node_modules bower_components jspm_packages vendor vendors vendored _vendor third_party third-party thirdparty
    3rdparty 3rd-party 3rd_party godeps external externals extern site-packages dist-packages .venv venv virtualenv
    .yarn .bundle pods carthage .gradle .mvn .cargo .terraform .git .svn .hg __pycache__ .tox .eggs .mypy_cache
    deps_vendor web_modules""".split()  # noqa: SIM905
)
_VENDORED_NAMES = re.compile(
    r"(?:jquery|bootstrap|angular|react(?:-dom)?|vue|d3|three|moment|lodash|underscore|backbone|modernizr|require|"
    r"mootools|prototype|handlebars|highlight|prettify|select2|chart)"
    r"(?:[-.]\d[\w.-]*)?(?:[-.](?:min|slim|bundle|pack))*\.(?:js|css)\Z|"
    r"(?:gradlew|mvnw)(?:\.bat|\.cmd)?\Z|(?:config\.(?:guess|sub)|ltmain\.sh|install-sh|depcomp|missing|compile|"
    r"aclocal\.m4|libtool\.m4|mkinstalldirs|test-driver|ylwrap|py-compile)\Z"
)
_JS_LIBRARY_FOLDERS = frozenset(
    ("static", "assets", "public", "js", "javascript", "javascripts", "css", "lib", "libs", "www", "docs", "doc")
)
_GENERATED_FOLDERS = ("__generated__", "__snapshots__", "generated-sources")
_GENERATED_NAMES = re.compile(
    r".+(?:\.pb\.(?:go|cc|h|rb|swift|dart)|_pb2(?:_grpc)?\.pyi?|_pb\.(?:js|d\.ts|rb)|\.pb-c\.[ch]|_grpc_pb\.js|"
    r"\.g\.(?:dart|cs)|\.freezed\.dart|\.designer\.(?:cs|vb)|\.feature\.cs|[._]generated\.\w+|\.snap|\.tab\.[ch]|"
    r"\.yy\.[ch]|\.(?:js|css|d\.ts|mjs|cjs|min)\.map|\.nib|\.resx|bindata\.go)\Z"
)
_MINIFIED_NAMES = re.compile(r".+[.-]min\.(?:js|mjs|cjs|css|html|json|svg)\Z")
_DRIVE = re.compile(r"[A-Za-z]:")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_MAX_PATH = 4096  # characters
_MAX_NAME = 1020  # characters: 255 bytes, the limit of file systems, each written as \xNN


def path_problem(name: str) -> str:
    """Returns why the name of a member of a code archive is not a path inside it, or "" if it is one."""
    if not name or len(name) > _MAX_PATH:
        return f"a name of {len(name)} characters"
    if name.startswith("/") or _DRIVE.match(name):
        return f"an absolute path: {name[:200]}"
    if _CONTROLS.search(name):
        return f"control characters: {name[:200]!r}"
    if max(map(len, name.split("/"))) > _MAX_NAME:
        return f"a part of the name of more than {_MAX_NAME} characters"
    parts = name.split("\\" if "\\" in name and "/" not in name else "/")
    if ".." in parts or ".." in name.split("\\"):
        return f"a path out of the archive: {name[:200]}"
    return ""


def name_rule(path: str) -> tuple[str, str] | None:
    """Returns (rule, what was found) if a source file is refused because of its path, otherwise None.

    path: the path inside the repository, with `/` as separator.
    """
    lower = path.lower()
    *folders, name = lower.split("/")
    if name in _LOCK_FILES:
        return "lock_file", name
    if found := _vendored(folders, name):
        return "vendored", found
    if found := next((folder for folder in folders if folder in _GENERATED_FOLDERS), ""):
        return "generated", f"{found}/"
    if _GENERATED_NAMES.match(name):
        return "generated", name
    if _MINIFIED_NAMES.match(name):
        return "minified", name
    ending = name.rpartition(".")[2]
    return ("binary", f".{ending}") if ending in _BINARY and "." in name else None


def _vendored(folders: list[str], name: str) -> str:
    for folder in folders:
        if folder in _VENDORED_FOLDERS:
            return f"{folder}/"
    if not _VENDORED_NAMES.match(name):
        return ""
    is_library = name.endswith((".js", ".css"))  # a library's own repository has this file in src/ or at the top
    return name if not is_library or _JS_LIBRARY_FOLDERS & set(folders) else ""
