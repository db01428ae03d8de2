"""Turns a recipe into a plan: grammar, units of work, fingerprints, shards."""
