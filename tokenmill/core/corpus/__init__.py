"""The token file format: tokenize/ writes it, train/ reads it."""
