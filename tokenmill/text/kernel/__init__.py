"""The compiler side of kernels: compilation, cache, character tables, UTF-8, hash maps."""
