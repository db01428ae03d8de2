"""Tools that need several layers: the measured recall of deduplication, and indexes. No task runs code of this
folder.
"""
