"""`python -m forecaster` is `forecast`."""

from __future__ import annotations

from forecaster.cli.app import main

if __name__ == "__main__":
    main()
