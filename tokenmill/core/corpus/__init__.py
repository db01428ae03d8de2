"""The format of token files, which tokenize/ writes and train/ reads."""
