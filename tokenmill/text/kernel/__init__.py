"""The infrastructure of kernels: compilation and its cache, character tables, UTF-8, hash maps."""
