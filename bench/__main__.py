"""Run all benchmarks, or those named, where their data are: python -m bench [NAME …]."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
DATA = SHARED / "data"

RUNS: dict[str, tuple[str, ...]] = {
    "assign": ("--grids", "300", "4000", "--points", "1000000"),
    "density": ("--data", str(DATA), "--no-peers"),
    "isovist": ("--data", str(DATA), "--sample", "20"),
    "draw": (str(DATA / "settlement"), "--score", str(SHARED / "bench/score_plan.py"), "--seeds", "3"),
    "redraw": ("--data", str(DATA)),
    "address": ("--data", str(DATA)),
    "geocode": ("--seeds", "1", "2"),
    "intake": (),
}
"""Arguments that keep a run to minutes; the scripts' own help says what more they can do."""


def main(names: list[str]) -> int:
    failed = 0
    for name, arguments in RUNS.items():
        if names and name not in names:
            continue
        print(f"## {name}", flush=True)
        if str(DATA) in " ".join(arguments) and not DATA.is_dir():
            print("left out: its data are not beside the project", flush=True)
            continue
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        command = [sys.executable, str(ROOT / "bench" / f"{name}.py"), *arguments]
        failed += subprocess.run(command, env=environment, check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
