"""Tasks across shards: route rows to partitions, sort and reduce them, apply the verdicts."""
