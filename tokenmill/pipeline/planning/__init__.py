"""From a recipe to a plan: grammar, units of work, fingerprints, shards."""
