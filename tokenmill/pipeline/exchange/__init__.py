"""Across shards: route rows to partitions, sort and reduce them, apply what was decided."""
