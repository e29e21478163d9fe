"""`forecast mcp`: the same functions as tools of an agent."""

from __future__ import annotations

from pathlib import Path

from forecaster.base.extras import check_extra
from forecaster.cli import log
from forecaster.cli.options import ModelsDir, OutputSettings, takes_settings
from forecaster.config import ToolSettings


@takes_settings
def mcp(settings: ToolSettings, output: OutputSettings, models_dir: ModelsDir = None) -> int:
    """Offer check, forecast, evaluate and explain as tools of an agent: the Model Context Protocol on stdin and stdout.

    An agent starts this command itself. The tools read files below the folders that are named here and the models, and
    write nothing. It ends when stdin does. Needs the extra `mcp`.

    Example: forecast mcp --folder sample_data --models-dir models
    """
    check_extra("mcp", "forecast mcp")
    from forecaster.service.tools import make_server, open_desk

    desk = open_desk([Path(folder) for folder in settings.folder or ()], models_dir)
    log.event("offering", folders=[str(folder) for folder in desk.folders])
    make_server(desk).run()
    return 0
