"""The columns of a kind of file and how they are written; frozen in the model, never guessed again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from forecaster.config import OnGap, OnOutlier
from forecaster.data.dialect import Dialect
from forecaster.data.recipe import PLAIN, Recipe

Shape = Literal["single", "long", "wide"]


@dataclass(frozen=True, kw_only=True)
class Schema:
    """All that reading needs to know about a file, so that a later file of the same kind is read without detection.

    Attributes:
        shape: `single` (time, value), `long` (id, time, value) or `wide` (time, one column a series).
        time: Name of the time column.
        id: Name of the id column; None where there is none.
        target: Name of the column to forecast; None for a wide file.
        targets: Names of the columns of a wide file that are forecast jointly; empty where each is a series of its own.
        dialect: How the CSV is written; None for Parquet.
        time_format: See `stamps`.
        frequency: Alias.
        tz: Zone whose calendar counts and whose clock is written; None for stamps without one.
        tz_chosen: Whether the user named that zone.
        season_length: In steps.
        on_gap: How missing steps are filled.
        max_missing: Largest share of missing steps in a series.
        on_outlier: How outliers are treated.
        past_covariates: Names of columns that are known up to the last observation.
        future_covariates: Names of those that are known ahead.
        static_covariates: Names of those with one value a series.
        categorical: Names of those of them whose cells are categories, not numbers.
        recipe: How the file becomes a table of such columns.
    """

    shape: Shape
    time: str
    id: str | None
    target: str | None
    dialect: Dialect | None
    time_format: str
    frequency: str
    tz: str | None
    season_length: int
    on_gap: OnGap
    max_missing: float
    on_outlier: OnOutlier = "keep"
    past_covariates: tuple[str, ...] = ()
    future_covariates: tuple[str, ...] = ()
    static_covariates: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    recipe: Recipe = PLAIN
    tz_chosen: bool = False

    def describe(self) -> Iterator[tuple[str, str]]:
        """Yield which columns a file of this kind has, as (what, names) for people."""
        yield "target", ", ".join(self.targets) or self.target or "each of the columns"
        yield "time", ", ".join(self.recipe.time or (self.time,))
        if self.id is not None:
            yield "series by", ", ".join(self.recipe.id or (self.id,))
        kinds = ((self.past_covariates, "known until now"), (self.future_covariates, "known ahead"))
        named = (*kinds, (self.static_covariates, "fixed for a series"))
        if parts := [f"{', '.join(names)} ({kind})" for names, kind in named if names]:
            yield "covariates", "; ".join(parts)

    @property
    def measured(self) -> str:
        """What the values are: the target, how rows of a step become one, and the step."""
        what = ", ".join(self.targets) or self.target or "each column"
        return (
            f"{what}, {self.recipe.aggregate} of each {self.frequency}"
            if self.recipe.aggregate
            else f"{what}, {self.frequency}"
        )

    @property
    def covariates(self) -> tuple[str, ...]:
        """Names of all covariates."""
        return self.past_covariates + self.future_covariates + self.static_covariates
