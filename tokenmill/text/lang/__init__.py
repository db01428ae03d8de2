"""fastText models: the file format and inference."""
