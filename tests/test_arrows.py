"""The imports point down: geo <- layers <- maps <- api."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BELOW = {"geo": set(), "layers": {"geo"}, "maps": {"geo", "layers"}, "api": {"geo", "layers", "maps"}}
FOREIGN = {
    "geo": {"sqlalchemy", "geoalchemy2", "alembic", "fastapi", "starlette", "folium", "typer", "pydantic_settings"},
    "layers": {"fastapi", "starlette", "folium", "typer", "pydantic_settings"},
    "maps": {"sqlalchemy", "geoalchemy2", "fastapi", "starlette", "typer", "pydantic_settings"},
    "api": {"folium"},
}
CLOCKS = {"time", "datetime.now", "datetime.utcnow", "date.today"}


def modules(package: str) -> list[Path]:
    found = sorted((ROOT / package).rglob("*.py"))
    return [path for path in found if "node_modules" not in path.parts]


def imports(package: str) -> set[str]:
    """Top-level names that the package's modules import, at their head or inside functions."""
    names = set()
    for path in modules(package):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("package", BELOW)
def test_imports_point_down(package):
    assert len(modules(package)) > 3
    banned = FOREIGN[package] | BELOW.keys() - BELOW[package] - {package}
    assert not banned & imports(package)


@pytest.mark.parametrize("package", ["geo", "layers", "maps"])
def test_only_the_doors_read_the_clock_and_the_environment(package):
    for path in modules(package):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                used = f"{node.value.id}.{node.attr}"
                assert used not in CLOCKS | {"os.environ", "os.getenv"}, f"{path.name} reads {used}"


@pytest.mark.parametrize("package", BELOW)
def test_nothing_happens_at_import(package):
    """Modules define; only a script's guard and constants stand at their top level."""
    allowed = (
        ast.Import,
        ast.ImportFrom,
        ast.FunctionDef,
        ast.AsyncFunctionDef,
        ast.ClassDef,
        ast.Assign,
        ast.AnnAssign,
    )
    for path in modules(package):
        if "migrations" in path.parts:
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            registers = isinstance(node, ast.Expr) and (
                isinstance(node.value, ast.Constant)
                or (isinstance(node.value, ast.Call) and path.match("api/cli/__init__.py"))
            )
            guard = isinstance(node, ast.If)
            assert isinstance(node, allowed) or registers or guard, f"{path}:{node.lineno} runs at import"
