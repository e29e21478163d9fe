"""What can go wrong, each kind with the exit code that a script can act on.

The core raises these and nothing else for faults that are not bugs; `cli/app.py` is the one place that catches them. A
message says what is wrong and where, and what was expected and received; `hint` is the next command or flag to type.
Settings in them are named as `config/spelling.py` says, and spelled by whoever shows them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self

LONGEST_CELL = 80
"""Characters of a cell or a name in a message."""

LONGEST_MESSAGE = 600
"""Characters of a message: of a longer one, such as a path may make, the beginning and the end are shown."""

OK = 0
BUG = 1
PARTIAL = 3
"""Published, but some series were skipped; they are named in the output and in the log."""


class ForecastError(Exception):
    """Root of every fault that is not a bug.

    Attributes:
        exit_code: What the process exits with (BSD `sysexits.h` where it has a fitting code).
        code: The short name in `forecast: error[CODE]: …`.
        message: What, where, expected, received: one line without a full stop at its end.
        hint: The next command or flag to type, or an empty string.
    """

    exit_code: int = BUG
    code: str = "BUG"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if hint:
            self.add_note(hint)  # for the traceback in a notebook

    def respell(self, spell: Callable[[str], str]) -> None:
        """Write the settings in it as those who read it do."""
        self.message, self.hint = spell(self.message), spell(self.hint)
        self.args = (self.message, *self.args[1:])
        self.__notes__ = [spell(note) for note in getattr(self, "__notes__", ())]

    def line(self) -> str:
        """Return the fault as one printable line: control characters are escaped, so data cannot drive a terminal."""
        message = _cut(self.message, LONGEST_MESSAGE)
        end = "" if message.endswith("?") else "."
        text = f"{message}{end} {_cut(self.hint, LONGEST_MESSAGE)}" if self.hint else message
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def shown(text: str) -> str:
    """Return a cell or a name as a message shows it: in quotes, control characters escaped, and not too long."""
    return repr(_cut(text, LONGEST_CELL))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most // 2]} … {text[len(text) - most // 3 :]}"


class BatchError(ForecastError):
    """Published, but not all of it: some series were skipped, or some jobs of a batch failed; they are named."""

    exit_code = PARTIAL
    code = "PARTIAL"

    def __init__(self, message: str, *, hint: str = "", exit_code: int = PARTIAL, code: str = "PARTIAL") -> None:
        super().__init__(message, hint=hint)
        self.exit_code, self.code = exit_code, code


class UsageError(ForecastError):
    """A bad option, or options that do not fit each other."""

    exit_code = 2
    code = "USAGE"


class GateError(ForecastError):
    """A gate that the user set was not passed: worse than the baseline, too old, diverged. What was current stays."""

    exit_code = 4
    code = "GATE"


class DataError(ForecastError):
    """The input is wrong, and will be wrong again.

    Attributes:
        rows: The rows of the table, from 0, without which the rest could be read; none where that is not so.
        lines: Where they stand in the file, the first few.
        choices: Flags that only the user can choose among, each with all that it needs, the likeliest first.
    """

    exit_code = 65
    code = "DATA"

    def __init__(self, message: str, *, hint: str = "", rows: Sequence[int] = (), lines: Sequence[int] = ()) -> None:
        super().__init__(message, hint=hint)
        self.rows, self.lines = tuple(rows), tuple(lines)
        self.choices: tuple[str, ...] = ()

    def choosing(self, *choices: str) -> Self:
        """Return the error with choices: one that reads the file is shown as a whole command."""
        self.choices = choices
        return self


class MissingError(ForecastError):
    """The input, the model or the version does not exist, or is not a regular file."""

    exit_code = 66
    code = "MISSING"


class ResourceError(ForecastError):
    """Out of memory, or the device asked for is missing."""

    exit_code = 71
    code = "RESOURCE"


class OutputError(ForecastError):
    """The output cannot be created where it was asked for."""

    exit_code = 73
    code = "OUTPUT"


class StorageError(ForecastError):
    """Reading or writing failed: disk full, I/O error."""

    exit_code = 74
    code = "IO"


class TryAgainError(ForecastError):
    """Somebody else holds the lock, or the input changed while it was read."""

    exit_code = 75
    code = "RETRY"


class AccessError(ForecastError):
    """Permission denied."""

    exit_code = 77
    code = "PERMISSION"


class DeadlineError(ForecastError):
    """The --deadline passed before the work was done; nothing was published."""

    exit_code = 124
    code = "DEADLINE"


class ModelError(ForecastError):
    """The saved model is corrupt, of a newer format, or does not fit the data."""

    exit_code = 78
    code = "MODEL"


MEANINGS: dict[int, str] = dict(
    sorted(
        {
            OK: "Everything that was asked for is done and, where a file was written, published.",
            BUG: "A bug in `forecast`; the traceback is in the log.",
            **{e.exit_code: (e.__doc__ or "").splitlines()[0] for e in ForecastError.__subclasses__()},
            129: "Stopped by a hang-up; nothing was published.",
            130: "Stopped by Ctrl-C; nothing was published.",
            141: "The reader of a pipe went away before everything was written to it.",
            143: "Stopped by a termination request; nothing was published.",
        }.items()
    )
)
"""Exit code → what it says, the signals included."""
