"""Compiled kernels over Arrow string buffers: they take arrays and return arrays."""
