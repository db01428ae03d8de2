"""Removes duplicates: MinHash, exact, by URL, by line, by repeated span."""
