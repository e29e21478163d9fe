"""Messages of the core as clients read them: parameters for flags, requests for commands, nothing that they lack."""

from __future__ import annotations

import pytest

from forecaster.service.clients import PARAMETERS, WEB, Client
from forecaster.service.tools import AGENT

RECURSIVE = "Train again with: forecast train DATA --horizon 9, or go on with: forecast predict --recursive"


@pytest.mark.parametrize(
    ("client", "hint", "read"),
    [
        (
            WEB,
            "Pass --target COLUMN. Such as: forecast check 'the request' --target sales --wide",
            "Pass target=COLUMN. Such as: target=sales, wide=true",
        ),
        (AGENT, "Such as: forecast check data/shops.csv --date-format '%d %m'", 'Such as: date_format="%d %m"'),
        (WEB, "Such as: forecast check 'the request' --date-format '%d %m'", 'Such as: date_format="%d %m"'),
        (WEB, "Such as: forecast check 'the request' --thousands ,", "Such as: thousands=,"),
        (WEB, "See which there are: forecast models list", "See which there are: GET /models"),
        (AGENT, "See which there are: forecast models list", "See which there are: the tool models"),
        (WEB, "and 2 more, which forecast check lists", "and 2 more, which POST /check lists"),
        (WEB, "Add rows with an empty target, or give them with --future FILE", "Add rows with an empty target"),
        (
            AGENT,
            "Add rows with an empty target, or give them with --future FILE",
            "Add rows with an empty target, or give them with future=FILE",
        ),
        (WEB, RECURSIVE, "Train again with: forecast train DATA --horizon 9"),
        (WEB, "Pass --sheet NAME, or leave out --freq", "Leave out freq"),
        (WEB, "Pass --sheet NAME", "Pass sheet=NAME"),
        (
            WEB,
            "Choose one: --model a, or the built-in network: --model builtin",
            "Choose one: model=a, or the built-in network: model=builtin",
        ),
        (AGENT, "--aggregate sum --freq D", 'aggregate="sum" freq="D"'),
        (WEB, "", ""),
    ],
)
def test_a_hint_is_one_that_they_can_follow(client: Client, hint: str, read: str) -> None:
    assert client.hint(hint) == read


def test_no_parameter_names_a_file_or_a_query() -> None:
    assert {"data", "output", "future", "hierarchy_file", "ledger", "sql", "sheet", "models_dir"}.isdisjoint(PARAMETERS)
    assert {"model", "target", "date_format", "decimal", "mean"} <= {*PARAMETERS}
