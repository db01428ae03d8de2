"""Files on local disks, in object stores and on HTTP servers; Parquet files; model files."""
