"""`forecast mcp` as an agent sees it: tools, their schemas, and what they refuse to read."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from forecaster.base.errors import MissingError, UsageError
from forecaster.service.tools import Desk, make_server, open_desk
from tests.saved import TINY_DATA, copy_tiny


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Return a desk with one folder, the frozen model, and a secret beside."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "tiny.csv").write_bytes(TINY_DATA.read_bytes())
    (tmp_path / "secret.csv").write_bytes(TINY_DATA.read_bytes())
    (folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    return open_desk([folder], copy_tiny(tmp_path / "models"))


def call(desk: Desk, tool: str, **arguments: Any) -> Any:
    """Call a tool as a client does."""
    from mcp import Client

    async def ask() -> Any:
        async with Client(make_server(desk)) as client:
            return await client.call_tool(tool, arguments)

    return asyncio.run(ask())


def test_tools_have_schemas_made_of_the_settings(desk: Desk) -> None:
    from mcp import Client

    async def ask() -> Any:
        async with Client(make_server(desk)) as client:
            return await client.list_tools()

    found = {tool.name: tool for tool in asyncio.run(ask()).tools}
    assert set(found) == {"forecast", "check", "evaluate", "explain", "files", "models"}
    schema = found["forecast"].input_schema
    assert schema["required"] == ["data"]
    assert {"model", "horizon", "levels", "quantiles", "totals"} <= schema["properties"].keys()
    assert {"hierarchy", "hierarchy_file", "reconcile", "future", "as_of"} <= schema["properties"].keys()
    written = {"output", "output_table", "table_mode", "sql", "ledger", "paths_output", "predictions"}
    assert not written & schema["properties"].keys()
    assert not [tool.name for tool in found.values() if tool.input_schema["additionalProperties"] is not False]
    assert schema["properties"]["levels"]["default"] == "80,95"
    assert "percent" in schema["properties"]["levels"]["description"]
    assert found["evaluate"].input_schema["properties"]["windows"]["minimum"] == 1
    assert all(tool.annotations.read_only_hint for tool in found.values())


def test_a_forecast_is_structured_content(desk: Desk) -> None:
    result = call(desk, "forecast", data="tiny.csv", horizon=2, levels="80", totals="2")
    assert not result.is_error
    answer = result.structured_content
    assert (answer["model"], answer["horizon"], len(answer["forecasts"])) == ("tiny", 2, 4)
    assert answer["totals"][0]["steps"] == 2
    json.dumps(answer, allow_nan=False)


def test_the_other_tools(desk: Desk) -> None:
    assert call(desk, "check", data="tiny.csv").structured_content["verdict"] == "good"
    assert call(desk, "evaluate", data="tiny.csv", windows=2).structured_content["metrics"]["windows"] == 4
    assert "skipped" in call(desk, "explain", data="tiny.csv", sample=1).structured_content
    assert call(desk, "files").structured_content == {"files": ["link.csv", "tiny.csv"]}
    assert call(desk, "models").structured_content["models"][0]["name"] == "tiny"


@pytest.mark.parametrize("data", ["../secret.csv", "/etc/passwd", "link.csv", "-", "https://example.com/a.csv", "a\0b"])
def test_nothing_else_is_read(desk: Desk, data: str) -> None:
    with pytest.raises(UsageError):
        desk.find(data)
    result = call(desk, "check", data=data)
    assert result.is_error
    assert "below" in result.content[0].text


def test_a_hierarchy_of_a_file_beside_the_data(desk: Desk) -> None:
    shops = sorted({line.split(",")[0] for line in TINY_DATA.read_text().splitlines()[1:]})
    groups = "series,region\n" + "".join(f"{shop},all\n" for shop in shops)
    (desk.folders[0] / "groups.csv").write_text(groups)
    result = call(desk, "forecast", data="tiny.csv", hierarchy_file="groups.csv", reconcile="bottom-up", horizon=1)
    assert not result.is_error, result.content[0].text
    assert [row["level"] for row in result.structured_content["forecasts"]] == [
        "total",
        "region",
        *["series"] * len(shops),
    ]
    outside = call(desk, "forecast", data="tiny.csv", hierarchy_file="../secret.csv", horizon=1)
    assert outside.is_error
    assert "is not below" in outside.content[0].text


def test_arguments_that_a_tool_does_not_have_are_refused(desk: Desk) -> None:
    result = call(desk, "forecast", data="tiny.csv", horizn=2)
    assert result.is_error
    assert "horizn" in result.content[0].text


def test_files_of_the_models_are_no_data(tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_bytes(TINY_DATA.read_bytes())
    ledger = copy_tiny(tmp_path / "models") / "tiny" / "ledger"
    ledger.mkdir()
    (ledger / "part.parquet").write_bytes(b"PAR1")
    assert open_desk([tmp_path], tmp_path / "models").files() == ["sales.csv"]


def test_errors_say_what_to_do(desk: Desk) -> None:
    for tool, arguments, said in (
        ("check", {"data": "other.csv"}, "MISSING: no file 'other.csv'"),
        ("forecast", {"data": "tiny.csv", "horizon": 9}, "was trained for 3 steps"),
        ("forecast", {"data": "tiny.csv", "model": "../x"}, "model name '../x'"),
        ("forecast", {"data": "tiny.csv", "model": "builtin", "target": "sale"}, "DATA: tiny.csv has no column 'sale'"),
    ):
        result = call(desk, tool, **arguments)
        assert result.is_error
        assert said in result.content[0].text


def test_folders_are_named_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no folder for the tools"):
        open_desk([], None)
    with pytest.raises(MissingError, match="is no folder"):
        open_desk([tmp_path / "none"], None)


def test_the_command_speaks_the_protocol_on_stdout(desk: Desk) -> None:
    """A handshake and one call by hand: nothing but JSON lines on stdout, and the command ends when stdin does."""
    lines = [
        {
            "id": 1,
            "method": "initialize",
            "params": {
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": {"name": "test", "version": "1"},
            },
        },
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": {"name": "check", "arguments": {"data": "tiny.csv"}}},
    ]
    command = [
        sys.executable,
        "-m",
        "forecaster",
        "mcp",
        "--folder",
        str(desk.folders[0]),
        "--models-dir",
        str(desk.root),
    ]
    process = subprocess.Popen(
        command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin
    assert process.stdout
    assert process.stderr
    answers: list[Any] = []
    for line in lines:
        process.stdin.write(json.dumps({"jsonrpc": "2.0", **line}) + "\n")
        process.stdin.flush()
        if "id" in line:
            answer = process.stdout.readline()
            assert answer, process.stderr.read()
            answers.append(json.loads(answer))
    _, said = process.communicate(timeout=60)
    assert answers[0]["result"]["serverInfo"]["name"] == "forecast"
    assert answers[1]["result"]["structuredContent"]["verdict"] == "good"
    assert (process.returncode, said) == (0, "")
