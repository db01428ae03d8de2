"""Definitions that all other folders use: kinds of units, columns, errors, storage, models, token shards."""
