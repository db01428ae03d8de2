"""Reads what the inline templates of wikitext print, from data files by language, for the kernels of text/wikitext."""
