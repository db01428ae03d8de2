"""Counts of words, lines and repetition, which filters judge."""
