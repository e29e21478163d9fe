"""Open tables of monthly, quarterly, weekly, daily and hourly series, read from bare clones of public repositories.

| name | repository, path | licence of the data | what is taken |
|---|---|---|---|
| `nics` | `BuzzFeedNews/nics-firearm-background-checks` | public domain (FBI) | checks by state, kind and month |
| `border` | `unt-clscm/CBP-Border-Crossings` | public domain (US Customs) | crossings by bridge, mode and month |
| `txhousing` | `vincentarelbundock/Rdatasets`, `ggplot2` | MIT (package) | homes sold, by city and month |
| `beer` | `vincentarelbundock/Rdatasets`, `ttbbeer` | CC0 | materials used by US brewers, by month |
| `airport` | `gavinr/stl-lambert-airport-data` | MIT (repository) | passengers, flights and cargo by month |
| `house_prices`, `…_state` | `hadley/data-housing-crisis` | public domain (FHFA) | index by quarter and place |
| `gas_price` | `datasets/natural-gas` | public domain (EIA), PDDL | Henry Hub by the day: weekly and monthly means |
| `co2` | `datasets/co2-ppm-daily` | public domain (NOAA), PDDL | in the air of Mauna Loa, by the day |
| `cable`, `online` | `fivethirtyeight/data` | CC BY 4.0 | mentions of candidates by week |
| `chicago_l` | `vincentarelbundock/Rdatasets`, `modeldata` | MIT (package) | riders by station and day |
| `muenster` | `od-ms/radverkehr-zaehlstellen` | Datenlizenz Deutschland BY 2.0 | bicycles by site and hour |
| `seattle_bikes` | `seattletimes/bike-counters`, `raw` | public domain (City of Seattle) | bicycles by site and hour |
| `ads`, `tweets` | `numenta/NAB` | MIT | prices of advertisements, mentions of firms, by the hour |

A series of hours or days also stands as its days, weeks and months; monthly ones get their quarters and years in
`corpus.sums`. A day, week or month counts where nine tenths of it are there; its sum is its mean by its steps.
Left out for their licence: prices of commodities (IMF), house prices of BIS and Case-Shiller, Bengaluru's metro (ODbL);
since benchmarks hold kindred series: oil, bond yields, exchange rates, US consumer prices (FRED-MD), taxis, page views.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pretraining.corpus import CAP, Named, lively

SEASONS = {"h": (24, 168), "D": (7, 365), "W": (52,), "M": (12,), "Q": (4,)}
LEAST = {"h": 1000, "D": 200, "W": 40, "M": 36, "Q": 20}  # values of a series
MOST = {"h": 3 * 8760, "D": 20_000, "W": 5_000, "M": 5_000, "Q": 5_000}  # the newest
COARSER = {"h": "DWM", "D": "WM"}
STEPS = {"hD": 24, "hW": 168, "hM": 730, "DW": 7, "DM": 30.4}  # in a full one


@dataclass(frozen=True)
class Table:
    """One table of a repository.

    Attributes:
        name: Of its series.
        repository: `owner/name`.
        files: Pattern of its paths; a group in it is a key, and the values are the column after the time.
        time: Columns that make the time, joined by "-"; none where the first one is it.
        values: Columns that are taken; none for the second one.
        keys: Columns that part the rows into series.
        rhythm: Of its values, a letter of `SEASONS`.
        mean: Whether a longer step is the mean of its values rather than their sum.
        finest: Whether the values as they are stand next to longer steps.
        parted: Column whose texts part the one of `values` into several.
        whole: Share of a longer step that must be there (0.6 where there is no value at weekends).
    """

    name: str
    repository: str
    files: str
    time: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    rhythm: str = "M"
    mean: bool = False
    finest: bool = True
    parted: str = ""
    whole: float = 0.9


R = "vincentarelbundock/Rdatasets"
TABLES = (
    Table(
        "nics",
        "BuzzFeedNews/nics-firearm-background-checks",
        r"data/nics-firearm-background-checks\.csv",
        ("month",),
        tuple(
            "permit permit_recheck handgun long_gun other multiple prepawn_handgun prepawn_long_gun redemption_handgun "
            "redemption_long_gun returned_handgun private_sale_handgun totals".split()
        ),
        ("state",),
    ),
    Table(
        "border",
        "unt-clscm/CBP-Border-Crossings",
        r"03-Processed-Data/csv/monthly_crossings_2008_2025\.csv",
        ("Year", "Month"),
        ("Northbound Crossing",),
        ("Crossing", "POE"),
        parted="Modes",
    ),
    Table(
        "txhousing",
        R,
        r"csv/ggplot2/txhousing\.csv",
        ("year", "month"),
        ("sales", "volume", "median", "listings", "inventory"),
        ("city",),
    ),
    Table(
        "beer",
        R,
        r"csv/ttbbeer/beermaterials\.csv",
        ("Year", "Month"),
        (
            "Malt_and_malt_products",
            "Corn_and _corn_products",
            "Rice_and_rice_products",
            "Barley_and_barley_products",
            "Wheat_and_wheat_products",
            "Sugar_and_syrups",
            "Hops_dry",
            "Hops_extracts",
            "Other",
        ),
    ),
    Table(
        "airport",
        "gavinr/stl-lambert-airport-data",
        r"data/monthly\.csv",
        ("Year", "Month"),
        (
            "Enplaned Passengers",
            "Deplaned Passengers",
            "Total Aircraft Departures",
            "All Aircraft Operations",
            "Landed Weights (1000-lbs)",
            "Air Cargo (lbs)",
        ),
    ),
    Table(
        "house_prices",
        "hadley/data-housing-crisis",
        r"data/fhfa-house-price-index/fhfa-house-price-index-msa\.csv",
        ("year", "quarter"),
        ("hpi",),
        ("state", "city"),
        "Q",
        mean=True,
    ),
    Table(
        "house_prices_state",
        "hadley/data-housing-crisis",
        r"data/fhfa-house-price-index/fhfa-house-price-index-state\.csv",
        ("year", "quarter"),
        ("HPI_not_seasonally_adjusted",),
        ("state",),
        "Q",
        mean=True,
    ),
    Table(
        "gas_price", "datasets/natural-gas", r"data/daily\.csv", ("Date",), ("Price",), (), "D", True, False, whole=0.6
    ),
    Table("co2", "datasets/co2-ppm-daily", r"data/co2-ppm-daily\.csv", ("date",), ("value",), (), "D", True, whole=0.6),
    Table(
        "cable",
        "fivethirtyeight/data",
        r"media-mentions-2020/cable_weekly\.csv",
        ("date",),
        ("matched_clips",),
        ("name",),
        "W",
    ),
    Table(
        "online",
        "fivethirtyeight/data",
        r"media-mentions-2020/online_weekly\.csv",
        ("date",),
        ("matched_stories",),
        ("name",),
        "W",
    ),
    Table(
        "chicago_l",
        R,
        r"csv/modeldata/Chicago\.csv",
        ("date",),
        tuple(
            "ridership Austin Quincy_Wells Belmont Archer_35th Oak_Park Western Clark_Lake Clinton Merchandise_Mart "
            "Irving_Park Washington_Wells Harlem Monroe Polk Ashland Kedzie Addison Jefferson_Park Montrose "
            "California".split()
        ),
        rhythm="D",
    ),
    Table("muenster", "od-ms/radverkehr-zaehlstellen", r"(\d+)/20\d\d-\d\d\.csv", rhythm="h"),
    Table("seattle_bikes", "seattletimes/bike-counters", r"raw/(.*)\.json", rhythm="h"),
    Table("ads", "numenta/NAB", r"data/realAdExchange/(.*)_results\.csv", rhythm="h", mean=True),
    Table("tweets", "numenta/NAB", r"data/realTweets/Twitter_volume_(.*)\.csv", rhythm="h"),
)


def clone(folder: Path, repository: str) -> Path | None:
    """The bare clone `owner+name` in a folder; None where it is not there."""
    path = folder / repository.replace("/", "+")
    return path if path.is_dir() else None


def read(table: Table, folder: Path) -> pd.DataFrame:
    """The rows of a table: `time`, its keys as text, `key` of the path, and its values.

    Raises:
        subprocess.CalledProcessError: `folder` is not a clone.
    """
    git = ["git", "-C", str(folder)]
    listed = subprocess.run(
        [*git, "ls-tree", "-r", "--name-only", "HEAD"], capture_output=True, text=True, check=True
    ).stdout
    frames = []
    for path in sorted(listed.split("\n")):
        match = re.fullmatch(table.files, path)
        shown = match and subprocess.run([*git, "show", f"HEAD:{path}"], capture_output=True, check=False)
        if match and shown and shown.returncode == 0:
            frame = pd.DataFrame(json.loads(shown.stdout)) if path.endswith("json") else _csv(shown.stdout)
            frames.append(_tidy(table, frame).assign(key=match[1] if match.groups() else ""))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def _csv(shown: bytes) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(shown), low_memory=False)


def _tidy(table: Table, frame: pd.DataFrame) -> pd.DataFrame:
    if not table.values:
        time = next(
            (name for name in frame if str(name).lower() in ("date", "datetime", "timestamp")), frame.columns[0]
        )
        others = [name for name in frame if name != time and name not in ("nb", "sb", "Decimal Date")]
        frame = frame[[time, others[0]]].set_axis(["time", "value"], axis=1)
        return frame.assign(time=pd.to_datetime(frame["time"], errors="coerce"))
    parts = [frame[name].astype(str).str.removesuffix(".0") for name in table.time]
    text = parts[0].str.cat(parts[1:], sep="-") if len(parts) > 1 else parts[0]
    if table.rhythm == "Q":
        time = pd.PeriodIndex(text.str.replace("-", "Q"), freq="Q").to_timestamp()
    else:
        time = pd.to_datetime(text, format="mixed", errors="coerce")
    frame = frame.assign(time=time)
    if table.parted:
        wide = frame.pivot_table(table.values[0], ["time", *table.keys], table.parted, aggfunc="sum")
        return wide.rename_axis(columns=None).reset_index()
    return frame


def open_tables(folder: Path) -> Iterator[Named]:
    """Series of `TABLES` from a folder of bare clones named `owner+name`; those that are not there are left out.

    Args:
        folder: Of the clones.

    Yields:
        Name `open/TABLE/PLACE/COLUMN#RHYTHM` (without `PLACE` where a table has no keys), season lengths, values.
    """
    for table in TABLES:
        found = clone(folder, table.repository)
        if found is not None:
            yield from series_of(table, read(table, found))


def series_of(table: Table, frame: pd.DataFrame) -> Iterator[Named]:
    """At most `CAP` series of every column and rhythm, drawn by the name of the table alone."""
    rng = np.random.default_rng(zlib.crc32(table.name.encode()))
    groups = {
        " ".join(map(str, key)): rows
        for key, rows in frame.dropna(subset=["time"]).groupby([*table.keys, "key"], sort=True)
    }
    columns = table.values or ("value",)
    if table.parted:
        columns = tuple(name for name in frame if name not in ("time", "key", *table.keys))
    taken: dict[tuple[str, str], int] = {}
    for place in rng.permutation(sorted(groups)):
        for column in columns:
            value = pd.to_numeric(groups[place][column].astype(str).str.replace(",", ""), errors="coerce")
            for rhythm, values in rhythms(table, value.set_axis(pd.DatetimeIndex(groups[place]["time"]))):
                if taken.get((column, rhythm), 0) < CAP and lively(values):
                    taken[column, rhythm] = taken.get((column, rhythm), 0) + 1
                    name = "/".join(part for part in ("open", table.name, place.strip(), column) if part)
                    yield f"{name}#{rhythm}", SEASONS[rhythm], values


def rhythms(table: Table, value: pd.Series) -> Iterator[tuple[str, np.ndarray]]:
    """A series on its own steps and on longer ones: letter, values, oldest first."""
    base = table.rhythm
    steps = value.groupby(value.index.to_period(base))
    regular = steps.mean() if table.mean else steps.sum(min_count=1)
    if len(regular):
        regular = regular.reindex(pd.period_range(regular.index[0], regular.index[-1], freq=regular.index.freq))
    for rhythm in base + COARSER.get(base, ""):
        if rhythm == base and not table.finest:
            continue
        longer = regular
        if rhythm != base:
            parts = regular.groupby(regular.index.asfreq(rhythm))
            longer = parts.mean() * (1 if table.mean else parts.size())
            longer = longer.where(parts.count() >= table.whole * np.floor(0.95 * STEPS[base + rhythm]))
        longer = longer.loc[longer.first_valid_index() : longer.last_valid_index()]
        if len(longer) >= LEAST[rhythm]:
            yield rhythm, longer.to_numpy(float)[-MOST[rhythm] :]
