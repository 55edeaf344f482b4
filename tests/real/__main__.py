"""Run the main job on the real towns beside the project and print what happened: python -m tests.real [TOWN …]."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.real.towns import TOWNS

DATA = Path(__file__).parents[3] / "shared" / "data"


def main(names: list[str]) -> int:
    if not DATA.is_dir():
        print(f"The real data are not here; they are expected in {DATA.parent.name}/{DATA.name} beside the project.")
        return 0
    table = Table(title="The main job on real towns")
    for column in (
        "town",
        "loaded",
        "repaired",
        "refused",
        "drawn",
        "assigned",
        "coverage",
        "findings",
        "seconds",
        "peak MB",
    ):
        table.add_column(column)
    console = Console(width=200)
    warnings = []
    with tempfile.TemporaryDirectory(prefix="fengqiao-real-") as folder:
        for name, run in TOWNS.items():
            if names and name not in names:
                continue
            with console.status(name):
                record = run(DATA, Path(folder) / name)
            warnings += [f"{name}: {text}" for text in record.warnings]
            table.add_row(
                name,
                "\n".join(f"{count:,} {layer}" for layer, count in record.loaded.items()),
                f"{record.repaired:,}",
                f"{record.refused:,}",
                record.drawn,
                record.assigned,
                record.seen,
                ", ".join(f"{count} {kind}" for kind, count in record.findings.items()) or "none",
                "\n".join(f"{step} {seconds:.1f}" for step, seconds in record.seconds.items()),
                "\n".join(f"{step} {peak:,}" for step, peak in record.peak_mb.items()),
            )
    console.print(table)
    for text in dict.fromkeys(warnings):
        console.print(text, markup=False)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
