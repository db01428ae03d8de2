"""Hosts and words of URLs, and large sets of names."""
