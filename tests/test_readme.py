"""The commands of both READMEs run, in their order, on the sample town."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
READMES = ("README.md", "README.zh-CN.md")


def commands(readme: str) -> list[str]:
    text = (ROOT / readme).read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


@pytest.mark.timeout(600)
def test_every_command_of_the_tour_runs(tmp_path):
    (tmp_path / "data").symlink_to(ROOT / "data")
    (tmp_path / "build").mkdir()
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    script = "set -e\n" + "\n".join(commands("README.md"))
    # Rows that are refused are listed beside the input; the folder of the project must stay as it is.
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert (tmp_path / "build/report.html").stat().st_size > 100_000
    assert (tmp_path / "build/heat.png").stat().st_size > 1_000
    assert json.loads((tmp_path / "build/grids.geojson").read_text(encoding="utf-8"))["features"]


def test_both_languages_give_the_same_commands():
    plain = [[re.sub(r'"[^"]*"', '""', command) for command in commands(readme)] for readme in READMES]
    assert plain[0] == plain[1]


def test_every_link_and_picture_exists():
    for readme in READMES:
        text = (ROOT / readme).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            assert (ROOT / target).exists(), f"{readme} points to {target}, which is missing"
