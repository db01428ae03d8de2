"""The records that a run keeps about itself: manifests, their ledger, the log and the lock."""
