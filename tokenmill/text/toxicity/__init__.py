"""Matches of toxic words."""
