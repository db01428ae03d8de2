"""Tables of documents: Parquet, Arrow, CSV and JSON Lines, read and written."""
