"""What a run keeps about itself: manifests, their ledger, the lock."""
