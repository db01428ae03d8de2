"""Reads a run's Parquet files with polars; a file that cannot be read is named."""

from collections.abc import Callable

import polars as pl

from tokenmill.core.errors import DataError, short

Query = Callable[[pl.LazyFrame], pl.LazyFrame]


def read_frame(file: str, query: Query = lambda rows: rows) -> pl.DataFrame:
    """The rows and columns of a file that a query asks for. Raises DataError if the file is damaged."""
    try:
        return query(pl.scan_parquet(file)).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        problem = short(str(error).partition("\n")[0])
        remedy = "delete the file and run the recipe again, which makes it again"
        raise DataError(f"{file}: cannot be read as Parquet: {problem}; {remedy}") from error
