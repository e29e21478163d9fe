"""What planners do with a forecast: seconds, processor time and memory of each command from cold, and what it holds."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.measure import FORECAST, Run, free_cores, run, table

SAMPLES = Path(__file__).parent.parent / "sample_data"
DAILY, GROUPS = "nyc_departures_daily.csv", "nyc_departures_groups.csv"
BUILTIN = ("--model", "builtin", "--horizon", "14")
ROUNDS = 3
PAST, AHEAD, SHOPS = 240, 7, 20

COMMANDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("the forecast alone", ("predict", DAILY, *BUILTIN)),
    ("500 paths", ("predict", DAILY, *BUILTIN, "--paths", "500", "--paths-output", "paths.parquet")),
    ("totals of 7 and 14 days", ("predict", DAILY, *BUILTIN, "--totals", "7,14", "--totals-output", "totals.csv")),
    ("coverage of totals, 8 cutoffs", ("evaluate", DAILY, *BUILTIN, "--totals", "7,14", "--windows", "8")),
    ("quantiles 0.1, 0.5, 0.9", ("predict", DAILY, *BUILTIN, "--quantiles", "0.1,0.5,0.9")),
    ("hierarchy, the way chosen", ("predict", DAILY, *BUILTIN, "--hierarchy-file", GROUPS)),
    ("anomalies of 30 days", ("anomalies", DAILY, "--model", "builtin", "--last", "30")),
    (
        "scenario of two futures",
        ("scenario", "sales.csv", "--model", "sales", "--future", "a.csv", "--future", "b.csv"),
    ),
    ("a tool of an agent", ("-c", "one call")),
)

CALL = """
import asyncio
from pathlib import Path
from mcp import Client
from forecaster.service.tools import make_server, open_desk
async def ask():
    async with Client(make_server(open_desk([Path(".")], None))) as client:
        asked = {"data": "nyc_departures_daily.csv", "model": "builtin", "horizon": 14}
        answer = await client.call_tool("forecast", asked)
        assert not answer.is_error
asyncio.run(ask())
"""


def measure() -> str:
    """Run each command three times, and show the middle one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in (DAILY, GROUPS):
            shutil.copy(SAMPLES / file, folder)
        write_shops(folder)
        free, rows = free_cores(), []
        for label, arguments in COMMANDS:
            command = [FORECAST[0], "-c", CALL] if arguments[0] == "-c" else [*FORECAST, *arguments]
            runs: list[Run] = [run(command, folder) for _ in range(ROUNDS)]
            middle = sorted(runs, key=lambda each: each.seconds)[ROUNDS // 2]
            rows.append([label, f"{middle.seconds:.1f} s", f"{middle.cpu:.1f} s", f"{middle.megabytes:.0f} MB"])
        held = coverage(folder)
    text = (
        f"{held} Series: 33 of 365 days; the scenario: {SHOPS} shops of {PAST} days, a small network. The middle of "
        f"{ROUNDS} runs; when they began, {free:.1f} cores were free."
    )
    return table(["what", "wall time", "processor time", "peak memory"], rows) + f"\n\n{text}"


def write_shops(folder: Path) -> None:
    """Write made-up shops with promotions and two futures, and train a small network."""
    rng = np.random.default_rng(0)
    days = np.datetime64("2024-01-01") + np.arange(PAST + AHEAD).astype("m8[D]")
    rows, ahead = ["shop,day,sales,promo"], [["shop,day,promo"], ["shop,day,promo"]]
    for shop in range(SHOPS):
        promo = (rng.random(PAST) < 0.3).astype(int)
        sales = 100 + 10 * np.sin(2 * np.pi * np.arange(PAST) / 7) + 30 * promo + rng.normal(0, 5, PAST)
        rows += [f"s{shop},{day},{y:.0f},{p}" for day, y, p in zip(days, sales, promo, strict=False)]
        for k, lines in enumerate(ahead):
            lines += [f"s{shop},{day},{k}" for day in days[PAST:]]
    for name, lines in (("sales", rows), ("a", ahead[0]), ("b", ahead[1])):
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    small = ("--preset", "fast", "--steps", "60", "--units", "8", "--layers", "1", "--ensemble", "1")
    run([*FORECAST, "train", "sales.csv", "--future-covariates", "promo", "--horizon", str(AHEAD), *small], folder)


def coverage(folder: Path) -> str:
    """Return how much of made-up totals intervals hold: shops whose errors hang together from day to day."""
    rng = np.random.default_rng(1)
    days = np.datetime64("2024-01-01") + np.arange(300).astype("m8[D]")
    rows = ["shop,day,sales"]
    for shop in range(20):
        error = np.zeros(300)
        for t in range(1, 300):
            error[t] = 0.7 * error[t - 1] + rng.normal(0, 5)
        values = 100 + 10 * np.sin(2 * np.pi * np.arange(300) / 7) + error
        rows += [f"s{shop},{day},{value:.1f}" for day, value in zip(days, values, strict=True)]
    (folder / "hang.csv").write_text("\n".join(rows) + "\n")
    flags = ("--totals", "7,14", "--windows", "8", "--format", "json")
    run([*FORECAST, "evaluate", "hang.csv", *BUILTIN, *flags], folder)
    text = (folder / "output.txt").read_text()
    found = json.loads(text[text.index("{") : text.rindex("}") + 1])
    sums = " and ".join(f"{100 * row['coverage-80']:.0f} % of sums over {row['steps']} days" for row in found["totals"])
    days_held = 100 * found["metrics"]["model"]["coverage-80"]
    return (
        f"Of made-up sales whose errors hang together by 0.7, intervals of 80 % held {days_held:.0f} % of days, {sums}."
    )
