import json
import re
from pathlib import Path

import numpy as np
import pytest

from layers.tables import ReportCategory, ReportState
from maps.errors import UnknownNameError
from maps.legend import deviation_legend, heat_legend, household_edges, household_legend
from maps.palette import contrast, deviation_colours, heat_opacity, palette, ramp, report_style

MAPS = Path(__file__).parents[2] / "maps"
COLOURS = palette()["deviation"]["colours"]


def test_ramp_keeps_its_ends_and_mixes_between():
    steps = palette()["sequential"]["heat"]
    assert ramp("heat", 5) == steps
    assert [ramp("heat", 2)[0], ramp("heat", 2)[-1]] == [steps[0], steps[-1]]
    assert ramp("heat", 1) == [steps[2]]
    red = (int(steps[0][1:3], 16) + int(steps[1][1:3], 16)) / 2
    assert abs(int(ramp("heat", 9)[1][1:3], 16) - red) <= 0.5


def test_unknown_ramp_names_the_known_ones():
    with pytest.raises(UnknownNameError, match="heat, households"):
        ramp("rainbow", 3)
    with pytest.raises(ValueError, match="at least one"):
        ramp("heat", 0)


SHARES = [-0.5, -0.3, -0.25, -0.2, -0.15, -0.1, 0, 330 / 300 - 1, 0.11, 0.2, 0.3, 0.31]
STEPS = [0, 1, 1, 2, 2, 3, 3, 3, 4, 4, 5, 6]


@pytest.mark.parametrize(("share", "step"), [*zip(SHARES, STEPS, strict=True)])
def test_deviation_edges_belong_to_the_side_of_the_band(share, step):
    assert deviation_colours([share]) == [COLOURS[step]]


def test_missing_deviation_is_grey():
    assert deviation_colours([None, float("nan")]) == [palette()["missing"]] * 2


def test_every_category_and_state_has_one_place():
    categories = [name for group in palette()["report_category"].values() for name in group["categories"]]
    states = [name for group in palette()["report_state"].values() for name in group["states"]]
    assert sorted(categories) == sorted(ReportCategory)
    assert sorted(states) == sorted(ReportState)
    assert len({group["shape"] for group in palette()["report_category"].values()}) == 6
    for state in ReportState:
        assert (report_style("DISPUTE", state)[1] == palette()["report_state"]["closed"]["colour"]) != state.is_open
    assert report_style("NEW", "NEW") == ("cross", palette()["report_state"]["waiting"]["colour"])


def test_opacity_rises_with_the_class():
    for k in (1, 2, 6):
        values = heat_opacity(k)
        assert len(values) == k
        assert values == sorted(values)


def tokens() -> list[dict[str, str]]:
    """The colours of tokens.css, light and dark."""
    text = (MAPS / "static" / "tokens.css").read_text("utf-8")
    blocks = re.findall(r':root(?:\[data-theme="dark"\])? \{(.*?)\n\}', text, re.DOTALL)
    assert len(blocks) == 2
    return [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)) for block in blocks]


@pytest.mark.parametrize("theme", tokens(), ids=["light", "dark"])
def test_text_reads_on_every_surface(theme):
    for ink in ("text", "text-2", "accent", "danger"):
        for ground in ("surface", "surface-2", "surface-3"):
            assert contrast(theme[ink], theme[ground]) >= 4.5, (ink, ground)
    assert contrast(theme["danger"], theme["danger-surface"]) >= 4.5
    assert contrast(theme["warn"], theme["warn-surface"]) >= 4.5
    assert contrast(theme["on-accent"], theme["accent"]) >= 4.5


def test_map_words_read_on_their_halo():
    for theme in palette()["theme"].values():
        assert contrast(theme["label"], theme["halo"]) >= 4.5
        assert contrast(theme["village"], theme["halo"]) >= 4.5


def test_household_edges_are_round_and_hold_every_value():
    values = [193, 240, 281, 296, 300, 303, 318, 427]
    edges = household_edges(values)
    assert edges[0] <= 193
    assert edges[-1] >= 427
    assert (edges % 10 == 0).all()
    assert (np.diff(edges) > 0).all()


def test_household_edges_at_the_limits():
    assert household_edges([]).tolist() == []
    assert household_edges([300, 300]).tolist() == [300, 310]
    assert household_edges([0]).tolist() == [0, 1]
    assert household_edges([5, np.nan]).tolist() == [5, 6]


def test_legends_carry_unit_classes_and_note():
    households = household_legend([100, 200, 300], "en")
    assert households.unit == "households"
    assert households.classes[-1].label == "no data"
    deviation = deviation_legend(280, "en")
    assert deviation.classes[3].label == "−10 to +10 (in band)"
    assert "280 households" in deviation.note
    heat = heat_legend([1, 2.5, 1000], bandwidth_m=150, kernel="quartic", count=1234, language="en")
    assert heat.unit == "reports per km²"
    assert [row.label for row in heat.classes] == ["1 to 2.5", "2.5 to 1,000"]
    assert heat.note == "Quartic kernel, bandwidth 150 m, 1,234 reports"


def test_an_empty_heat_legend_has_no_rows():
    assert heat_legend([], bandwidth_m=150, kernel="quartic", count=0).classes == ()


def test_palette_file_is_what_pages_carry():
    assert json.loads((MAPS / "palette.json").read_text("utf-8")) == palette()
