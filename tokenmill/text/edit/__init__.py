"""Edits of lines, spaces and phrases."""
