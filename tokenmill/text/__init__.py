"""Kernels over Arrow string buffers: segment, measure, hash, shingle."""
