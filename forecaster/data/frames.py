"""pandas ↔ the rest, which does without it: a DataFrame read like a data file, and stamps as pandas has them.

pandas is imported inside functions only: no command of the terminal needs it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from forecaster.base.errors import DataError, UsageError
from forecaster.data.source import Data, Source

if TYPE_CHECKING:
    import pandas as pd

NAME = "DataFrame"
"""What messages call one, and the name of a model trained on one that is given no other."""


def as_data(data: Data | pd.DataFrame | pd.Series[Any]) -> Data:
    """Return what can be read as a data file: paths as they are, a DataFrame or Series as a Parquet file in memory.

    An index counts as a column where it has a name or holds times (then `time`, without a name); periods are taken for
    their first moment.

    Raises:
        UsageError: It is neither.
        DataError: A column holds what no Parquet file can, or two columns have one name.
    """
    if isinstance(data, str | Path | Source):
        return data
    import pandas as pd

    frame = data.to_frame("value" if data.name is None else data.name) if isinstance(data, pd.Series) else data
    if not isinstance(frame, pd.DataFrame):
        raise UsageError(f"data: expected a path, a DataFrame or a Series, received {type(data).__name__}")
    index = frame.index
    if isinstance(index, pd.DatetimeIndex | pd.PeriodIndex) and index.name is None:
        frame = frame.rename_axis("time")
    frame = frame.reset_index(drop=all(name is None for name in frame.index.names))
    frame = frame.set_axis([str(name) for name in frame.columns], axis="columns")
    periods = [name for name, kind in frame.dtypes.items() if isinstance(kind, pd.PeriodDtype)]
    return _to_source(frame.assign(**{str(name): frame[name].dt.to_timestamp() for name in periods}))


def _to_source(frame: pd.DataFrame) -> Source:
    """Return the Parquet file that a DataFrame would be."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    stream = pa.BufferOutputStream()
    try:
        pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), stream)
    except (pa.ArrowException, ValueError, TypeError) as error:
        hint = "Make each column one of numbers, texts or times, each with a name of its own"
        raise DataError(f"{NAME}: {str(error).splitlines()[0]}", hint=hint) from None
    content = stream.getvalue().to_pybytes()
    return Source(NAME, content, hashlib.sha256(content).hexdigest(), kind="parquet")


def as_times(stamps: npt.NDArray[Any], tz: str | None) -> Any:
    """Return stamps [N] as pandas has them: in a zone where there is one; those of an integer index as they are."""
    import pandas as pd

    if stamps.dtype.kind != "M":
        return stamps
    times = pd.DatetimeIndex(stamps.astype("M8[ns]"))
    return times.tz_localize("UTC").tz_convert(tz) if tz else times
