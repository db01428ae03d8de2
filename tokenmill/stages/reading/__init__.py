"""Code that several Sources share: input files, dates, charsets, JSON Lines, tar members, Parquet batches."""
