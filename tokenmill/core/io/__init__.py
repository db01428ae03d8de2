"""Files wherever they are: local disks, object stores, HTTP; Parquet; model files."""
