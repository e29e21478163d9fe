"""`forecast explain-code`: what an exit code means, and what to do."""

from __future__ import annotations

from typing import Annotated

import typer

from forecaster.base.errors import MEANINGS, OK, UsageError
from forecaster.cli.options import OutputSettings, takes_settings
from forecaster.cli.output import Printer, TextGrid

ADVICE = {
    0: "Nothing is to be done.",
    1: "Run it again with FORECAST_DEBUG=1 for the traceback, and report it with the command and a small file.",
    2: "Read the command's flags: forecast help COMMAND.",
    3: "What was published is whole. The last line of stderr names what was left out, and why.",
    4: "What was current is still used. Look at the measure that the message names, or at the gate.",
    65: "Correct the file where the message says, or pass the flag that it names; forecast check DATA shows all.",
    66: "Check the path and the name: forecast models list shows the models that there are.",
    71: "Take fewer series or a smaller --batch-size; forecast doctor says what this machine has.",
    73: "Check that the output's folder exists and that its name is free.",
    74: "Make room on the disk, and run it again: the old files are still there.",
    75: "Run it again in a while; nothing is wrong. --lock-wait waits longer.",
    77: "Ask whoever owns the file, or run it as a user who may.",
    78: "forecast models check shows which version is whole; forecast models rollback NAME goes back to it.",
    124: "Give it more time with --deadline, or less work.",
    129: "The terminal was closed: run it again, with nohup to let it go on.",
    130: "Run it again; train, compare, evaluate and tune go on with --resume.",
    141: "Whoever read the output went away, as head does; nothing is wrong.",
    143: "Somebody stopped it: run it again; train, compare, evaluate and tune go on with --resume.",
}
"""Exit code → what to do."""


@takes_settings
def explain_code(
    code: Annotated[int, typer.Argument(metavar="CODE", help="The exit code: echo $? shows it.", show_default=False)],
    output: OutputSettings,
) -> int:
    """Explain an exit code: what happened, and what to do.

    Off a terminal it is JSON.

    Example: forecast explain-code 65
    """
    if code not in MEANINGS:
        raise UsageError(f"{code} is no exit code of forecast", hint=f"There are {', '.join(map(str, MEANINGS))}")
    meaning, advice = MEANINGS[code], ADVICE[code]
    row = {"code": code, "meaning": meaning, "advice": advice}
    blocks = [TextGrid([("code", str(code)), ("meaning", meaning), ("what to do", advice)])]
    Printer(output, piped="json").show(row, [row], blocks)
    return OK
