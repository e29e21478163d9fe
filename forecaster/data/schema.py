"""What is known of a kind of file: its columns and how they are written; frozen in the model, never guessed again."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from forecaster.base.errors import ModelError
from forecaster.config import OnGap, OnOutlier
from forecaster.data.dialect import Dialect

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
        season_length: In steps.
        on_gap: How missing steps are filled.
        max_missing: Largest share of missing steps in a series.
        on_outlier: How outliers are treated.
        past_covariates: Names of columns that are known up to the last observation.
        future_covariates: Names of those that are known ahead.
        static_covariates: Names of those with one value a series.
        categorical: Names of those of them whose cells are categories, not numbers.
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

    @property
    def covariates(self) -> tuple[str, ...]:
        """Names of all covariates."""
        return self.past_covariates + self.future_covariates + self.static_covariates

    def to_dict(self) -> dict[str, Any]:
        """Return the fields, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Any) -> Schema:
        """Return the schema that `to_dict` wrote.

        Raises:
            ModelError: An unknown, missing or wrongly typed field.
        """
        later: dict[str, Any] = {"on_outlier": "keep"} | {
            name: [] for name in _LISTS
        }  # fields that older models do not have
        values = _checked(cls, later | data if isinstance(data, dict) else data, "schema")
        if values["dialect"] is not None:
            values["dialect"] = Dialect(**_checked(Dialect, values["dialect"], "dialect"))
        for name, kind in (("shape", Shape), ("on_gap", OnGap), ("on_outlier", OnOutlier)):
            if values[name] not in get_args(kind):
                raise ModelError(f"the model's schema has an unknown {name}: {values[name]}")
        return cls(**values | {name: tuple(values[name]) for name in _LISTS})


_LISTS = ("past_covariates", "future_covariates", "static_covariates", "categorical", "targets")
_KINDS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "str | None": (str, type(None)),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "Shape": (str,),
    "OnGap": (str,),
    "OnOutlier": (str,),
    "Dialect | None": (dict, type(None)),
    "tuple[str, ...]": (list, tuple),
}


def _checked(cls: type[Any], data: Any, what: str) -> dict[str, Any]:
    names = {field.name: field.type for field in fields(cls)}
    if not isinstance(data, dict) or data.keys() != names.keys():
        odd = sorted(names.keys() ^ data.keys()) if isinstance(data, dict) else ["not an object"]
        raise ModelError(f"the model's {what} does not have the fields expected: {', '.join(map(str, odd))}")
    for name, kind in names.items():
        if not isinstance(data[name], _KINDS[str(kind)]) or (isinstance(data[name], bool) and kind != "bool"):
            raise ModelError(f"the model's {what}: {name} must be {kind}, received {data[name]!r}")
        if isinstance(data[name], (list, tuple)) and not all(isinstance(part, str) for part in data[name]):
            raise ModelError(f"the model's {what}: {name} must be names, received {data[name]!r}")
    return dict(data)
