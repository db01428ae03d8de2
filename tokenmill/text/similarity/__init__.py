"""Shingles, signatures, Jaccard similarity, the keep rule, components, repeated windows, passages."""
