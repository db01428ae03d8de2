"""Steps that only measure and mark: one published rule set or one score a file."""
