"""Cuts texts into words and sentences, and hashes words. No other folder defines what a word is."""
