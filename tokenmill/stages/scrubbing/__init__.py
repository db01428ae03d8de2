"""Steps that replace personal data."""
