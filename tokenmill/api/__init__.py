"""What `import tokenmill` offers: runs (run.py) and steps on documents in memory (memory.py)."""
