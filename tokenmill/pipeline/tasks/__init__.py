"""Tasks of one shard: read it, run the steps, write documents and drop records."""
