"""Settings of what goes beyond the interval of one step and one series: paths, totals, hierarchies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from forecaster.config.knob import knob

Reconcile = Literal["bottom-up", "top-down", "wls", "mint"]


@dataclass(frozen=True, kw_only=True)
class PathSettings:
    """Whole futures besides the marginal intervals, and sums of them."""

    paths: int | None = knob(
        None,
        "Sample paths to draw: each step follows its interval, and steps go together as past errors did.",
        panel="Paths and totals",
        bounds=(2, 1_000_000),
    )
    paths_output: Path | None = knob(
        None,
        "Write the paths, one row a series, path and step: CSV, or Parquet by the name's end.",
        panel="Paths and totals",
        metavar="PATH",
    )
    totals: str | None = knob(
        None,
        "Also forecast sums of the next steps, with intervals: over how many, such as 7,14,28.",
        panel="Paths and totals",
        metavar="STEPS",
    )
    totals_output: Path | None = knob(
        None, "Write the totals: CSV, or Parquet by the name's end.", panel="Paths and totals", metavar="PATH"
    )
    seed: int = knob(
        0, "Seed of the paths: the same seed gives the same paths.", panel="Paths and totals", bounds=(0, 2**32 - 1)
    )


@dataclass(frozen=True, kw_only=True)
class HierarchySettings:
    """Sums over series, which their forecasts are to add up to."""

    hierarchy: str | None = knob(
        None,
        "Columns of groups from the widest on, such as region,store: forecast all sums too, so that they add up. "
        "Without --id they name the series together.",
        panel="Hierarchy",
        metavar="COLUMNS",
    )
    hierarchy_file: Path | None = knob(
        None,
        "File with one row a series: its name, then a column a level; levels may cross each other.",
        panel="Hierarchy",
        metavar="FILE",
    )
    reconcile: Reconcile | None = knob(
        None,
        "How forecasts are made to add up: bottom-up adds up the series, top-down shares out the total, wls and mint "
        "weigh all by their past errors, mint also by how these go together (pip install 'forecast-lstm[hierarchy]'); "
        "by default the one with the smallest error on past windows, and bottom-up for a model that reads covariates.",
        panel="Hierarchy",
    )

    @property
    def is_hierarchical(self) -> bool:
        """Whether sums over series are asked for."""
        return self.hierarchy is not None or self.hierarchy_file is not None
