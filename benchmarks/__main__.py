"""Measure, and write each table between its markers in a page: `python -m benchmarks [PART …]`, PARTS as below."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from benchmarks import (
    accuracy,
    distilled,
    ett,
    hierarchy,
    intermittent,
    leaderboard,
    many,
    memory,
    peers,
    planners,
    pretrained,
    scaling,
    service,
    speed,
    toolbox,
    trained,
)
from benchmarks.measure import machine

PARTS = (
    "speed, memory, many, scaling, service, hierarchy, planners, toolbox, builtin, intermittent, pretrained, trained, "
    "accuracy, distilled, ett, leaderboard, peers"
)
NEED_DATA = ("pretrained", "trained", "accuracy", "distilled", "ett", "leaderboard", "peers")
PAGES = (
    Path(__file__).with_name("README.md"),
    Path(__file__).parent.parent / "docs" / "how-to" / "network.md",
    Path(__file__).parent.parent / "docs" / "service.md",
    Path(__file__).parent.parent / "docs" / "hierarchies.md",
)


def main() -> None:
    """Run the parts asked for, all but the peers by default, and replace their tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"{PARTS}; by default all but peers")
    parser.add_argument("--data", type=Path, help="folder with the public sets; what needs them is left out without it")
    parser.add_argument("--peers-python", type=Path, help="Python that has neuralforecast and statsforecast")
    parser.add_argument("--presets", default="fast,default", help="presets to train, separated by commas")
    parser.add_argument("--seeds", default="1,2", help="seeds to train with, separated by commas")
    parser.add_argument("--series", default=",".join(map(str, scaling.SIZES)), help="series of scaling, by commas")
    given = parser.parse_args()
    sizes = tuple(map(int, given.series.split(",")))
    presets, seeds = given.presets.split(","), [*map(int, given.seeds.split(","))]
    parts = {
        "speed": speed.measure,
        "memory": memory.measure,
        "many": many.measure,
        "scaling": lambda: scaling.measure(sizes),
        "service": service.measure,
        "hierarchy": hierarchy.measure,
        "planners": planners.measure,
        "toolbox": toolbox.measure,
        "builtin": pretrained.times,
        "intermittent": intermittent.measure,
        "pretrained": lambda: pretrained.measure(given.data),
        "trained": lambda: trained.measure(given.data, presets, seeds),
        "accuracy": lambda: accuracy.measure(given.data, presets, seeds),
        "distilled": lambda: distilled.measure(given.data),
        "ett": lambda: ett.measure(given.data, presets, seeds),
        "leaderboard": lambda: leaderboard.measure(given.data),
        "peers": lambda: peers.measure(given.data, given.peers_python),
    }
    for part in given.parts or [name for name in parts if name != "peers"]:  # those need a Python of their own
        if part in NEED_DATA and given.data is None:
            print(f"{part}: left out, since --data names no folder")
            continue
        print(f"{part} …", flush=True)
        text = f"{parts[part]()}\n\nMeasured on {machine()}."
        print(text, flush=True)
        write(part, text)


def write(part: str, text: str) -> None:
    """Replace the text between a part's markers, which stand in one of these pages or more, once in each.

    Raises:
        SystemExit: They stand in none, or twice in one.
    """
    pattern = re.compile(rf"(<!-- {part} -->\n).*?(<!-- /{part} -->)", re.DOTALL)
    found = [(path, match) for path in PAGES for match in pattern.finditer(path.read_text())]
    if not found or len({path for path, _ in found}) < len(found):
        raise SystemExit(f"expected the markers of {part} once in a page, found them {len(found)} times")
    for path, match in found:
        path.write_text(f"{match.string[: match.start()]}{match[1]}{text}\n{match[2]}{match.string[match.end() :]}")


if __name__ == "__main__":
    main()
