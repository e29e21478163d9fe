"""`forecast models`: what is in the model store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from forecaster.cli.help import Command
from forecaster.cli.options import ModelsDir, OutputSettings, takes_settings
from forecaster.cli.output import Block, Grid, Line, Printer, number, percent
from forecaster.errors import OK

app = typer.Typer(name="models", help="List and show saved models.")


@app.command("list", cls=Command)
@takes_settings
def list_models(output: OutputSettings, models_dir: ModelsDir = None) -> int:
    """List the saved models.

    One row a model: its current version, what it was made from, and how good it is. Off a terminal the rows are JSON.

    Example: forecast models list --format csv
    """
    from forecaster import jobs

    rows = jobs.list_models(models_dir)
    Printer(output, piped="json").show(rows, rows, describe_models(rows))
    return OK


@app.command("show", cls=Command)
@takes_settings
def show_model(
    name: Annotated[str, typer.Argument(metavar="NAME", help="NAME or NAME@VERSION.", show_default=False)],
    output: OutputSettings,
    models_dir: ModelsDir = None,
) -> int:
    """Show one saved model: data, settings, measures, files, versions.

    Off a terminal this is the version's whole manifest as JSON.

    Example: forecast models show nyc_departures_daily
    """
    from forecaster import jobs

    manifest = jobs.show_model(name, models_dir)
    rows = [{"field": field, "value": value} for field, value in flatten(manifest)]
    Printer(output, piped="json").show(manifest, rows, describe_model(manifest))
    return OK


def describe_models(rows: list[dict[str, Any]]) -> Iterator[Block]:
    """Yield one line a model."""
    if not rows:
        yield Line("No models yet. Begin with: forecast train DATA")
        return
    yield Grid(
        [
            (
                row["name"], row["version"], row["created"][:16].replace("T", " "), row["frequency"],
                f"{row['series']:,}", f"{row['horizon']:,}", number(row["mase"], 3), percent(row["skill"]),
            )
            for row in rows
        ],
        header=("name", "version", "created", "frequency", "series", "horizon", "MASE", "skill"),
        texts=4,
    )  # fmt: skip


def describe_model(manifest: dict[str, Any]) -> Iterator[Block]:
    """Yield the facts of a manifest that people ask for first."""
    data, window, network, metrics = (manifest[key] for key in ("data", "window", "network", "metrics"))
    inside = ", ".join(
        f"{percent(metrics['model'][f'coverage-{level:g}'])} inside {level:g} %" for level in metrics["levels"]
    )
    shape = f"{network['layers']} × {network['cell'].upper()}({network['units']}), dropout {network['dropout']:g}"
    mase, base = number(metrics["model"]["mase"], 3), number(metrics["baseline"]["mase"], 3)
    yield Grid([
        ("name", manifest["name"]),
        ("version", f"{manifest['version']} (there: {', '.join(manifest['versions'])})"),
        ("created", manifest["created"]),
        ("folder", manifest["folder"]),
        ("data", f"{data['source']}, {data['rows']:,} rows, {data['series']:,} series"),
        ("frequency", f"{data['frequency']}, season of {manifest['season']} steps"),
        ("window", f"{window['lookback']:,} steps in {window['segment']}s, {window['horizon']:,} ahead"),
        ("network", shape),
        ("error", f"MASE {mase}, {metrics['baseline_name']} {base}, skill {percent(metrics['skill'])}"),
        ("intervals", inside),
    ])  # fmt: skip


def flatten(data: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted name, value) of nested objects; lists stay whole."""
    for key, value in data.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
