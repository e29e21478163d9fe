"""The ledger: what was forecast, when, by which model, stored to be compared with actual values.

    models/NAME/LEDGER/2026-01-31-1f0c….parquet       what one prediction issued

A prediction enters the ledger before its forecast file is published. A part is one Parquet file, built in memory and
renamed into place: it is whole or absent, and never changed. Its name is a hash of what it holds, so that the
same forecast issued again, by a job that was repeated, is the same part.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from forecaster.base import files
from forecaster.base.arrow import from_numpy, from_texts, to_numpy
from forecaster.base.errors import StorageError
from forecaster.data.panel import Panel
from forecaster.model.forecast import Forecast, Predicted
from forecaster.model.predictor import UsedModel
from forecaster.model.windows import Floats, Ints

FORMAT = 1
"""Version of the parts; a newer one is not read."""

MOST_PARTS = 50
"""Parts that are looked at to find one of the same values, at most."""

_LEFT = re.escape(files.TEMPORARY) + r".+-[0-9a-f]{32}\.parquet-"  # of a part that was being written
_KEY = b"forecast"
_PLAIN = ("cutoff", "stamp", "forecast", "scale", "rms_scale")


@dataclass(frozen=True, kw_only=True, eq=False)
class Issue(Predicted):
    """What one prediction issued for S series, H steps ahead.

    Attributes:
        model: Name of the model.
        version: The version that was used.
        issued: When, ISO 8601; empty where that is not known.
        hindsight: Whether the model had seen what came after `--as-of`: such a forecast is no proof of anything.
        measured: What the values are, as `Schema.measured` says it; empty where an older version did not store it.
        ids: [S] names of the series.
        cutoffs: [S] last stamp that each forecast saw: nanoseconds since 1970 in UTC, or whole numbers.
        stamps: [S, H] what they are for.
        methods: [S] what made them.
        scale: [S] mean absolute seasonal difference up to the cutoff, as MASE is scaled by; NaN for none.
        rms_scale: [S] root mean square of the same differences.
    """

    model: str
    version: str
    issued: str
    hindsight: bool
    ids: tuple[str, ...]
    cutoffs: Ints
    stamps: Ints
    methods: tuple[str, ...]
    scale: Floats
    rms_scale: Floats
    measured: str = ""

    def is_of(self, panel: Panel) -> bool:
        """Return whether it forecast the values that a panel has, and not others of the same file."""
        return self.measured in ("", panel.schema.measured)

    def part_name(self) -> str:
        """Return the name of its file: the last cutoff, and a hash of everything but the time of issue."""
        what = [FORMAT, self.model, self.version, self.hindsight, self.ids, self.levels, self.methods]
        what += [self.measured] if self.measured else []
        digest = hashlib.sha256(json.dumps(what).encode())
        ends = [end for _, *pair in self.intervals for end in pair]
        for array in (self.cutoffs, self.stamps, self.values, *ends, self.scale, self.rms_scale):
            digest.update(np.ascontiguousarray(array).tobytes())
        last = int(self.cutoffs.max())
        day = str(last) if abs(last) < 10**14 else str(np.datetime64(last, "ns").astype("M8[D]"))
        return f"{day}-{digest.hexdigest()[:32]}.parquet"


def make_issue(model: UsedModel, panel: Panel, forecast: Forecast, issued: str) -> Issue:
    """Return what is to be remembered of a forecast of every series of a panel."""
    horizon = forecast.values.shape[1]
    known = model.trained_until
    scale, rms_scale = series_scales(panel, model.season)
    return Issue(
        model=model.name,
        version=model.version,
        issued=issued,
        hindsight=panel.as_of is not None and known is not None and panel.as_of < known,
        ids=panel.ids,
        cutoffs=panel.ends.astype(np.int64),
        stamps=panel.frequency.future(panel.ends, horizon).astype(np.int64),
        values=forecast.values,
        intervals=forecast.intervals,
        methods=tuple(forecast.methods.tolist()),
        scale=scale,
        rms_scale=rms_scale,
        measured=panel.schema.measured,
    )


def series_scales(panel: Panel, m: int) -> tuple[Floats, Floats]:
    """Return what `metrics.seasonal_error` and `seasonal_rms_error` give for every whole series [S], without a loop.

    Args:
        panel: The series.
        m: Season length in steps; a series that is not longer is measured with 1.
    """
    lengths, starts = panel.lengths, panel.offsets[:-1]
    at = np.arange(len(panel.values)) - np.repeat(starts, lengths)
    lags = np.where(lengths > m, m, 1)
    lag = np.repeat(lags, lengths)
    inside = at >= lag
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        steps = np.where(inside, panel.values - panel.values[np.arange(len(at)) - np.where(inside, lag, 0)], 0.0)
        count = lengths - lags
        means = [np.add.reduceat(size, starts) / count for size in (np.abs(steps), np.square(steps))]
        means = [np.where(np.isfinite(mean) & (mean > 0) & (count > 0), mean, np.nan) for mean in means]
        return means[0], np.sqrt(means[1])


# ---------------------------------------------------------------------------------------------------- writing


def enter(folder: Path, issue: Issue) -> bool:
    """Append what was issued to the ledger in a folder; return False where it stands there already.

    Raises:
        OutputError, AccessError, StorageError: It cannot be written; the ledger is as it was.
    """
    path = folder / issue.part_name()
    files.sweep_orphans(folder, _LEFT)  # each part has a name of its own, so no later one would find what is left of it
    if path.exists():
        return False
    files.make_folder(folder, folder.parent)
    files.write_file(path, _to_parquet(issue), root=folder.parent)
    return True


def _to_parquet(issue: Issue) -> bytes:
    """Return a part: one row a series and step."""
    import pyarrow.parquet as pq

    count, horizon = issue.values.shape
    each = np.repeat(np.arange(count), horizon)
    columns: dict[str, pa.Array] = {
        "series": _texts(issue.ids, each),
        "cutoff": from_numpy(issue.cutoffs[each]),
        "stamp": from_numpy(issue.stamps.ravel()),
        "lead": from_numpy(np.tile(np.arange(1, horizon + 1), count)),
        "forecast": from_numpy(issue.values.ravel()),
        "method": _texts(issue.methods, each),
        "scale": from_numpy(issue.scale[each]),
        "rms_scale": from_numpy(issue.rms_scale[each]),
    }
    for level, low, high in issue.intervals:
        columns[f"forecast-lo-{level:g}"] = from_numpy(low.ravel())
        columns[f"forecast-hi-{level:g}"] = from_numpy(high.ravel())
    facts = {
        "format": FORMAT,
        "model": issue.model,
        "version": issue.version,
        "issued": issue.issued,
        "hindsight": issue.hindsight,
        "levels": issue.levels,
        "horizon": horizon,
        "measured": issue.measured,
    }
    table = pa.Table.from_arrays(list(columns.values()), names=list(columns))
    sink = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata({_KEY: json.dumps(facts).encode()}), sink)
    return bytes(sink.getvalue())


def _texts(names: tuple[str, ...], each: Ints) -> pa.Array:
    return pa.DictionaryArray.from_arrays(from_numpy(each).cast(pa.int32()), from_texts(names))


# ---------------------------------------------------------------------------------------------------- reading


FAULTS = (OSError, pa.ArrowException, ValueError, KeyError, TypeError, AttributeError)
"""What a part that is no part of a ledger is found out by."""


@dataclass(frozen=True)
class Unreadable:
    """A part that cannot be read: its file, and why."""

    path: Path
    reason: str


def read_ledger(folder: Path) -> Iterator[Issue | Unreadable]:
    """Yield the parts of a ledger in the order of their names; one that cannot be read is reported, and stops no other.

    Raises:
        StorageError: The folder cannot be read.
    """
    for name in ledger_names(folder):
        try:
            yield _from_parquet(folder / name)
        except FAULTS as error:
            yield _unreadable(folder / name, error)


def _unreadable(path: Path, error: Exception) -> Unreadable:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return Unreadable(path, " ".join(reason.split())[:200] or type(error).__name__)


def ledger_names(folder: Path) -> list[str]:
    """Return the names of the parts of a ledger, each a hash of what it holds, sorted; [] where there is no ledger.

    Raises:
        StorageError: The folder cannot be read.
    """
    try:
        return sorted(path.name for path in folder.iterdir() if path.suffix == ".parquet" and path.name[0] != ".")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StorageError(f"cannot read {folder}: {error.strerror}") from error


def read_for_series(folder: Path, ids: Sequence[str]) -> Iterator[tuple[str, Issue | Unreadable]]:
    """Yield the parts of a ledger that hold any of these series, with their names, and of each these series alone.

    Raises:
        StorageError: The folder cannot be read.
    """
    wanted, known = from_texts(ids), set(ids)
    for name in ledger_names(folder):
        try:
            if not _holds_any(folder / name, wanted):
                continue
            issue = _from_parquet(folder / name)
        except FAULTS as error:
            yield name, _unreadable(folder / name, error)
        else:
            yield name, _of_series(issue, np.array([each in known for each in issue.ids], bool))


def _holds_any(path: Path, wanted: pa.Array) -> bool:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        names = file.read(["series"])["series"].unique().cast(pa.string())
    return bool(pc.any(pc.is_in(names, value_set=wanted.cast(pa.string()))).as_py())


def _of_series(issue: Issue, chosen: NDArray[np.bool_]) -> Issue:
    """Return what was issued for some series."""
    if chosen.all():
        return issue
    return replace(
        issue,
        ids=tuple(compress(issue.ids, chosen)),
        cutoffs=issue.cutoffs[chosen],
        stamps=issue.stamps[chosen],
        values=issue.values[chosen],
        methods=tuple(compress(issue.methods, chosen)),
        intervals=tuple((level, low[chosen], high[chosen]) for level, low, high in issue.intervals),
        scale=issue.scale[chosen],
        rms_scale=issue.rms_scale[chosen],
    )


def last_cutoffs(folder: Path, panel: Panel, most: int) -> dict[str, int]:
    """Return the last stamp that the newest part saw of each series; nothing where it cannot be read, or has too many.

    Args:
        folder: Of the ledger.
        panel: Parts of other values than it has are passed over.
        most: Series.
    """
    import pyarrow.parquet as pq

    try:
        parts = [(path.lstat().st_mtime_ns, path) for path in folder.iterdir() if path.suffix == ".parquet"]
        newest = (path for _, path in sorted(parts, reverse=True)[:MOST_PARTS] if path.name[0] != ".")
        files_of = (pq.ParquetFile(pa.BufferReader(path.read_bytes())) for path in newest)
        alike = (file for file in files_of if _measured(file) in ("", panel.schema.measured))
        if (file := next(alike, None)) is None:
            return {}
        table = file.read(["series", "cutoff", "lead"])
        first = table.filter(pc.equal(table["lead"], 1))
        if first.num_rows > most:
            return {}
        return dict(zip(first["series"].to_pylist(), first["cutoff"].to_pylist(), strict=True))
    except (OSError, pa.ArrowException, ValueError, KeyError):
        return {}


def _measured(file: Any) -> str:
    """Return what the values of a part are."""
    return str(json.loads((file.schema_arrow.metadata or {})[_KEY]).get("measured", ""))


def _from_parquet(path: Path) -> Issue:
    import pyarrow.parquet as pq

    table = pq.ParquetFile(pa.BufferReader(path.read_bytes())).read()
    facts: Any = json.loads((table.schema.metadata or {})[_KEY])
    if facts["format"] != FORMAT:
        raise ValueError(f"format {facts['format']}, this version of forecast reads {FORMAT}")
    levels, horizon = [float(level) for level in facts["levels"]], max(int(facts["horizon"]), 1)
    pairs = [(level, f"forecast-lo-{level:g}", f"forecast-hi-{level:g}") for level in levels]
    names = [*_PLAIN, *(end for _, *pair in pairs for end in pair)]
    grid = {name: to_numpy(table[name].combine_chunks()).reshape(-1, horizon) for name in names}
    firsts = from_numpy(np.arange(0, table.num_rows, horizon))
    issue = Issue(
        model=facts["model"],
        version=facts["version"],
        issued=facts["issued"],
        hindsight=facts["hindsight"],
        ids=tuple(table["series"].take(firsts).to_pylist()),
        cutoffs=grid["cutoff"][:, 0],
        stamps=grid["stamp"],
        values=grid["forecast"],
        methods=tuple(table["method"].take(firsts).to_pylist()),
        intervals=tuple((level, grid[low], grid[high]) for level, low, high in pairs),
        scale=grid["scale"][:, 0],
        rms_scale=grid["rms_scale"][:, 0],
        measured=str(facts.get("measured", "")),
    )
    if issue.part_name() != path.name:
        raise ValueError("its content is not what its name is the hash of")
    return issue
