"""tokenmill: raw crawl in, training tokens out, every removal on record."""

from tokenmill.core.version import __version__

__all__ = ["__version__"]
