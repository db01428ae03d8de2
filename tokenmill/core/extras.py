"""Optional packages, and the extra of tokenmill that installs each."""

_EXTRA_OF = {
    "datatrove": "interop",
    "matplotlib": "train",
    "nltk": "interop",
    "orjson": "interop",
    "presidio_analyzer": "pii",
    "ray": "ray",
    "s3fs": "s3",
    "spacy": "interop",
    "torch": "train",
}


def how_to_install(error: ImportError, *, user: str = "this command") -> str:
    """Returns the message for a missing optional package, with the command that installs it.

    user: name of the part that needs it.
    """
    name = (error.name or "").partition(".")[0]
    if name == "tokenmill":
        return f"{user}: {error}; this version of tokenmill does not have it; DESIGN.md lists the modules"
    extra = _EXTRA_OF.get(name)
    advice = f'pip install "tokenmill[{extra}]"' if extra else f"pip install {name}"
    return f"{user} needs the package {name!r}, which is not installed: {advice}"
