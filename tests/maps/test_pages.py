import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from maps import assets, pages
from maps.errors import MissingAssetsError, UnknownNameError
from maps.language import LANGUAGES, strings

MAPS = Path(__file__).parents[2] / "maps"
SCRIPTS = sorted((MAPS / "static").glob("*.js"))
PLACEHOLDER = re.compile(r"\{(\w+)\}")
# Keys that code puts together from a prefix and a value of the data.
PREFIXES = ("addresslevel", "asset", "assignment", "category", "empty", "group", "hit", "kernel", "kind", "layer",
    "level", "nav", "part", "partgroup", "plan.column", "plan.course", "plan.done", "plan.effort", "plan.finding",
    "plan.forced", "plan.format", "plan.nesting", "plan.nesting_hint", "plan.note", "plan.op", "plan.problem",
    "plan.redrawn", "plan.state", "plan.step",
    "plan.tool", "plan.tool_hint", "report.column", "reports.due", "reports.need", "reports.sort", "review.done",
    "satisfaction", "severity", "site", "source", "state", "stategroup", "step", "supervision", "urgency",
    "why")  # fmt: skip


class Elements(HTMLParser):
    """All start tags, and the text inside scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.open: dict[str, str | None] | None = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.open = dict(attrs) if tag in {"script", "style"} else None

    def handle_endtag(self, tag):
        self.open = None

    def handle_data(self, data):
        if self.open is not None:
            self.scripts.append((self.open, data))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", pages.PAGES)
def test_pages_have_no_inline_code_and_load_only_from_here(name, language):
    elements = Elements(pages.page(name, language))
    for tag, attributes in elements.tags:
        assert tag != "style"
        assert "style" not in attributes
        assert not [key for key in attributes if key.startswith("on")]
        for key in ("src", "href"):
            value = attributes.get(key)
            assert value is None or value.startswith(("/", "#")), value
    inline = [attributes for attributes, text in elements.scripts if text.strip()]
    assert inline
    assert {attributes.get("type") for attributes in inline} == {"application/json"}


@pytest.mark.parametrize("name", pages.PAGES)
def test_what_a_page_names_is_there(name):
    for tag, attributes in Elements(pages.page(name)).tags:
        path = attributes.get("src") or (attributes.get("href") if tag == "link" else None)
        if path and path.startswith("/static/"):
            assert (pages.static_folder() / path.removeprefix("/static/")).is_file(), path
        elif path:
            home, _, file = path.rpartition("/")
            assert (pages.vendor_folders()[home] / file).is_file(), path


def test_languages_are_complete():
    chinese, english = (strings(language) for language in LANGUAGES)
    assert list(chinese) == list(english)
    for key in chinese:
        assert chinese[key].strip()
        assert english[key].strip()
        assert set(PLACEHOLDER.findall(chinese[key])) == set(PLACEHOLDER.findall(english[key])), key
    han = re.compile(r"[\u4e00-\u9fff]")
    assert [key for key in english if han.search(english[key])] == ["language.other"]


def used_keys() -> set[str]:
    script = "\n".join(path.read_text("utf-8") for path in SCRIPTS)
    html = "\n".join(path.read_text("utf-8") for path in (MAPS / "pages").glob("*.html"))
    python = "\n".join(path.read_text("utf-8") for path in MAPS.glob("**/*.py") if "node_modules" not in path.parts)
    found = re.findall(r'"([a-z_]+(?:\.[A-Za-z_0-9]+)+|none|close|retry|days|brand|noscript)"', script)
    found += [first or second for first, second in re.findall(r'\(t, "([\w.]+)"\)|t\["([\w.]+)"\]', html)]
    found += re.findall(r'data-i18n-\w+="([\w.]+)"', html)
    found += re.findall(r'\{% set skip = "([\w.]+)"', html)
    found += [key for key in re.findall(r"[\"']([\w.]+)[\"']", python) if key in strings()]
    return set(found)


def test_every_key_in_use_has_a_text_and_every_text_is_used():
    used = used_keys()
    known = set(strings())
    looked_up = {key for key in used if "." not in key or key.split(".")[0] in {k.split(".")[0] for k in known}}
    assert looked_up <= known
    spare = {key for key in known - used if not key.startswith(tuple(f"{prefix}." for prefix in PREFIXES))}
    assert not spare


def test_data_blocks_cannot_be_left():
    text = pages.page("map", tile_url="https://tiles.example/{z}/{x}/{y}", tile_attribution="</script><b>&")
    blocks = {a["id"]: body for a, body in Elements(text).scripts if a.get("type") == "application/json"}
    assert json.loads(blocks["config"])["tile_attribution"] == "</script><b>&"
    assert json.loads(blocks["config"])["tile_url"] == "https://tiles.example/{z}/{x}/{y}"
    assert json.loads(blocks["strings"]) == strings("zh")


def test_unknown_names_are_refused():
    with pytest.raises(UnknownNameError, match="login, map, plan"):
        pages.page("secret")
    with pytest.raises(UnknownNameError, match="zh, en"):
        pages.page("map", "fr")


def test_scripts_import_only_from_here():
    for path in SCRIPTS:
        text = path.read_text("utf-8")
        for static, dynamic in re.findall(
            r"""^(?:import|export)\b[^"'=(\n]*["']([^"']+)["']|\bimport\(["']([^"']+)["']\)""", text, re.MULTILINE
        ):
            source = static or dynamic
            assert source.startswith(("/static/", "/vendor/")), (path.name, source)
            if source.startswith("/static/"):
                assert (MAPS / "static" / source.removeprefix("/static/")).is_file(), (path.name, source)
        assert "innerHTML =" not in text, path.name
        assert "insertAdjacentHTML" not in text, path.name
        assert not re.findall(r"\beval\(|new Function", text), path.name


def test_browser_libraries_are_the_pinned_ones():
    version = assets.leaflet_version()
    assert f'"/vendor/leaflet@{version}/' in (MAPS / "static" / "leaflet.js").read_text("utf-8")
    assert f'"{assets.geoman_path()}/' in (MAPS / "static" / "geoman.js").read_text("utf-8")
    assert f"Leaflet {version}" in assets.leaflet_text("leaflet.js")
    lock = json.loads((MAPS / "package-lock.json").read_text("utf-8"))
    for path, package in lock["packages"].items():
        assert "resolved" not in package, path
        assert not path or package["integrity"].startswith("sha512-"), path


def test_missing_assets_name_the_command(monkeypatch, tmp_path):
    monkeypatch.setattr(assets, "HERE", tmp_path)
    with pytest.raises(MissingAssetsError, match="make demo"):
        assets.leaflet_folder()
    other = tmp_path / "node_modules" / "leaflet"
    other.mkdir(parents=True)
    (other / "package.json").write_text('{"version": "1.0.0"}')
    with pytest.raises(MissingAssetsError, match=r"1\.0\.0"):
        pages.vendor_folders()
