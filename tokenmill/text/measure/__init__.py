"""Counts of words and lines, and repetition."""
