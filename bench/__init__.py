"""Benchmarks against other tools, in one run on the same input. All figures in docs/ come from here."""
