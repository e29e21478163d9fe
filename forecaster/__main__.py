"""`python -m forecaster` is `forecast`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line of this process, which can be stopped from its first moment."""
    from forecaster.cli import early

    early.install(sys.argv[1:])
    from forecaster.cli.app import main as run

    run()


if __name__ == "__main__":
    main()
