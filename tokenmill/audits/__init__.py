"""Tools that need several layers: deduplication measured and indexed, whole runs verified. No task runs this code."""
