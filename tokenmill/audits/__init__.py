"""Tools for people that need several layers at once: measured recall of deduplication. No code that a shard runs."""
