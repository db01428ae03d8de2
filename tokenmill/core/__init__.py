"""The vocabulary every other folder speaks: kinds of work, columns, errors, storage, models, token shards."""
