"""What several Sources share: inputs, dates, character sets, JSON lines, Parquet batches."""
