"""Tools that need several layers: measured recall of deduplication, and indexes. No task runs this code."""
