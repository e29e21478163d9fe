"""A folder of parts larger than memory → a panel of as many of its series as fit, drawn evenly.

Parts are read one after the other, each whole, so that columns and frequency are checked on every one. Of each series
the hash of its name and a seed decides: those with the least hashes are drawn, as many as fit. So the same series are
kept in whichever order the parts come and however they are cut, each as likely as another, and a larger limit keeps
these and more (bottom-k sampling: Cohen & Kaplan, Summarizing data using bottom-k sketches, 2007).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from forecaster.base.arrow import return_memory
from forecaster.base.errors import DataError, ModelError, UsageError, shown
from forecaster.config import ReadSettings
from forecaster.data.covariates import join_covariates
from forecaster.data.grid import read_panel
from forecaster.data.panel import Drawn, Panel, Treated
from forecaster.data.rows import Finding
from forecaster.data.schema import Schema

Hashes = npt.NDArray[np.uint64]

READING = 6
"""Bytes that reading takes for each byte of a text, at most: cells, codes, and numbers of all rows at once."""

READING_ROW = 250
"""Bytes that it takes for a row of Parquet, with a name, a stamp and a value."""


@dataclass(frozen=True, kw_only=True)
class Room:
    """What there is room for.

    Attributes:
        memory: Bytes that reading may take in all.
        steps: Steps that the panel may have.
        seed: Decides, with their names, which series are drawn.
    """

    memory: int
    steps: int
    seed: int


@dataclass(eq=False)
class _Reservoir:
    """The series that are drawn so far, part by part, with their hashes, and the counts of the others."""

    room: Room
    panels: list[Panel] = field(default_factory=list)
    hashes: list[Hashes] = field(default_factory=list)
    seen: Hashes = field(default_factory=lambda: np.empty(0, np.uint64))
    limit: int = 2**64
    steps: int = 0

    def add(self, panel: Panel) -> None:
        """Take the series of a part, and let go of those with the greatest hashes where they are too many.

        Raises:
            DataError: A series is in an earlier part too.
        """
        hashes = hashes_of(panel.ids, self.room.seed)
        if (twice := np.isin(hashes, self.seen)).any():
            name = panel.ids[int(np.argmax(twice))]
            raise DataError(
                f"{panel.source}: series {shown(name)} has rows in an earlier part too",
                hint="Give each series one part: forecast partition DATA --by COLUMN --parts N --output DIR",
            )
        self.seen = np.union1d(self.seen, hashes)
        self.steps += len(panel.values)
        inside = hashes < np.uint64(self.limit) if self.limit < 2**64 else np.ones(len(hashes), np.bool_)
        if inside.any():
            self.panels.append(_light(panel.only(inside)))
            self.hashes.append(hashes[inside])
        self._fit()

    def _fit(self) -> None:
        if sum(len(panel.values) for panel in self.panels) <= self.room.steps:
            return
        lengths = np.concatenate([panel.lengths for panel in self.panels])
        hashes = np.concatenate(self.hashes)
        order = np.argsort(hashes, kind="stable")
        fitting = int(np.searchsorted(np.cumsum(lengths[order]), self.room.steps, side="right"))
        if not fitting:
            raise UsageError(
                f"--max-memory leaves room for {self.room.steps:,} steps, and one series has {lengths[order[0]]:,}",
                hint="Give more memory",
            )
        self.limit = int(hashes[order[fitting]])
        panels, kept = [], []
        for panel, own in zip(self.panels, self.hashes, strict=True):
            inside = own < np.uint64(self.limit)
            if inside.any():
                panels.append(panel if inside.all() else _light(panel.only(inside)))
                kept.append(own[inside])
        self.panels, self.hashes = panels, kept


def draw_panel(
    paths: Sequence[Path], settings: ReadSettings, schema: Schema | None, as_of: str | None, room: Room
) -> Panel:
    """Read parts one after the other, and keep as many of their series as there is room for.

    Args:
        paths: The parts; series are whole in each.
        settings: What the user says of them; the rest is detected in the first.
        schema: The schema of a saved model, if they are read as it does.
        as_of: The last stamp that counts.
        room: What there is room for.

    Raises:
        DataError: A part has other columns or another frequency than the first, or a series of an earlier part.
        UsageError: A part, or a single series, does not fit.
    """
    kept, known = _Reservoir(room), schema
    findings: list[Finding] = []
    skipped: list[tuple[str, str]] = []
    rows, digest, first = 0, hashlib.sha256(), None
    for path in paths:
        _check_room(path, kept, room)
        panel = _read_part(path, settings, known, as_of, paths[0])
        first = first or replace(panel, values=panel.values[:0])
        known = known or panel.schema
        kept.add(panel)
        findings += panel.findings
        skipped += panel.skipped
        rows += panel.rows
        digest.update(panel.sha256.encode())
        del panel
        return_memory()
    joined = join_panels(kept.panels)
    drawn = Drawn(parts=len(paths), series=len(kept.seen), kept=joined.n_series, steps=kept.steps, seed=room.seed)
    return replace(
        joined,
        findings=_gathered(findings, len(paths)),
        skipped=tuple(skipped),
        sha256=digest.hexdigest(),
        rows=rows,
        more_seasons=first.more_seasons if first else (),
        drawn=drawn,
    )


def _read_part(path: Path, settings: ReadSettings, known: Schema | None, as_of: str | None, first: Path) -> Panel:
    try:
        return read_panel(path, settings, known, as_of)
    except ModelError as error:  # what a saved model would say of it
        message = error.message.replace("the model is", f"{first} is")
        raise DataError(message, hint="Give parts of one kind") from None


def _check_room(path: Path, kept: _Reservoir, room: Room) -> None:
    """Refuse a part that cannot be read whole besides what is drawn."""
    if path.suffix.lower() in (".parquet", ".pq", ".parq"):
        import pyarrow.parquet as pq

        try:
            needed = READING_ROW * int(pq.read_metadata(path).num_rows)
        except (OSError, ValueError):
            return  # reading says what is wrong
    else:
        needed = READING * path.stat().st_size
    held = 10 * sum(len(panel.values) for panel in kept.panels)
    if needed + held > room.memory:
        raise UsageError(
            f"{path}: reading it takes about {(needed + held) >> 20:,} MiB with the series drawn so far, and "
            f"--max-memory leaves {room.memory >> 20:,}",
            hint="Cut it into more parts: forecast partition DATA --by COLUMN --parts N --output DIR",
        )


def hashes_of(ids: Sequence[str], seed: int) -> Hashes:
    """Return a number for each name [S], as good as random, that follows from it and the seed."""
    key = seed.to_bytes(8, "little", signed=True)
    digests = b"".join(hashlib.blake2b(name.encode(), digest_size=8, key=key).digest() for name in ids)
    return np.frombuffer(digests, np.dtype("<u8")).astype(np.uint64)


def _light(panel: Panel) -> Panel:
    """Return a panel without what is gathered elsewhere, its covariates without those of other series."""
    covariates = panel.covariates and panel.covariates.compact()
    return replace(panel, findings=(), skipped=(), covariates=covariates)


def join_panels(panels: Sequence[Panel]) -> Panel:
    """Return the series of panels of one schema and frequency as one panel, one after the other."""
    at = np.cumsum([0, *(len(panel.values) for panel in panels)])
    starts = zip(panels, at[:-1].tolist(), strict=True)
    offsets = [panel.offsets[:-1] + before for panel, before in starts]
    treated = [(panel.outliers, before) for panel, before in zip(panels, at[:-1].tolist(), strict=True)]
    covariates = [panel.covariates for panel in panels if panel.covariates is not None]
    return replace(
        panels[0],
        values=np.concatenate([panel.values for panel in panels]),
        filled=np.concatenate([panel.filled for panel in panels]),
        offsets=np.concatenate([*offsets, at[-1:]]).astype(np.int64),
        ids=tuple(name for panel in panels for name in panel.ids),
        starts=np.concatenate([panel.starts for panel in panels]),
        outliers=Treated(
            at=np.concatenate([own.at + before for own, before in treated]),
            observed=np.concatenate([own.observed for own, _ in treated]),
        ),
        covariates=join_covariates(covariates) if covariates else None,
    )


def _gathered(findings: Sequence[Finding], parts: int) -> tuple[Finding, ...]:
    """Return one finding a kind: the first, and in how many other parts there is one like it."""
    kinds: dict[str, list[Finding]] = {}
    for finding in findings:
        kinds.setdefault(finding.code, []).append(finding)
    more = {code: f"; {len(found) - 1:,} more such findings in {parts:,} parts" for code, found in kinds.items()}
    return tuple(
        found[0] if len(found) == 1 else replace(found[0], message=found[0].message + more[code])
        for code, found in kinds.items()
    )
