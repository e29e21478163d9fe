"""What the pages show is what their commands print."""

from __future__ import annotations

import pytest

from tests.shown import ROOT, differences, run_page, steps_in

PAGES = {
    path.relative_to(ROOT).as_posix(): text
    for path in sorted((ROOT / "docs").rglob("*.md"))
    if "<!-- shown -->" in (text := path.read_text("utf-8"))
}
OF_PLANNERS = (
    *("docs/paths-and-totals.md", "docs/hierarchies.md", "docs/scenarios.md", "docs/service.md", "docs/agents.md"),
    *("docs/anomalies.md", "docs/quantiles.md", "docs/tutorials/orders.md"),
)


LONG = ("forecast train", "--hierarchy", "--paths", "forecast serve", "make_server")
"""What takes seconds of processor time."""


def marks(page: str) -> list[pytest.MarkDecorator]:
    """Return the mark of the slow tests for a page that does something long."""
    code = "".join(step.code for step in steps_in(PAGES[page]))
    return [pytest.mark.slow] if any(long in code for long in LONG) else []


@pytest.mark.parametrize("page", [pytest.param(page, marks=marks(page)) for page in PAGES])
def test_what_is_shown_is_printed(page: str) -> None:
    assert not [said for step, printed in run_page(PAGES[page]) for said in differences(step.output, printed)]


def test_every_page_of_a_planner_shows_numbers() -> None:
    assert not [page for page in OF_PLANNERS if page not in PAGES]
    assert not [page for page in OF_PLANNERS if not any(step.output.strip() for step in steps_in(PAGES[page]))]


PAGE = """\
<!-- shown -->
```console
$ printf 'a 1,234.5\\n' \\
    | cat
a 1,234.5
$ true
```

<!-- shown -->
```python
print(1 / 3)
```

```text
0.33
```
"""


def test_blocks_are_run_and_compared() -> None:
    steps = list(steps_in(PAGE))
    assert [step.output for step in steps] == ["a 1,234.5\n", "", "0.33\n"]
    printed = run_page(PAGE)
    assert [output for _, output in printed] == ["a 1,234.5\n", "", f"{1 / 3}\n"]
    assert not [said for step, output in printed for said in differences(step.output, output)]


@pytest.mark.parametrize(
    ("shown", "printed", "alike"),
    [
        ("x 100", "x 101", True),
        ("x 100", "x 103", False),
        ("x 0.10", "x 0.11", True),
        ("x 0.10", "x 0.13", False),
        ("x 5", "y 5", False),
        ("2024-01-01,1.0e-3", "2024-01-01,0.001", True),
        ("2024-01-01", "2024-01-02", False),
    ],
)
def test_numbers_may_be_a_little_apart_and_words_not(shown: str, printed: str, alike: bool) -> None:
    assert (not differences(shown, printed)) is alike
