"""Work that reads, rewrites or compares documents."""
