"""tokenmill: raw crawl in, training tokens out, every removal on record."""

__version__ = "0.1.0"
