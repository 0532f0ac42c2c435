"""The layout holds: imports run one way, heavy packages stay behind their doors, files stay short."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("models", "monitor", "training")
MAY_IMPORT = {
    "models": {"models"},
    "monitor": {"models", "monitor"},
    "training": {"models", "training"},
}
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
NAMES = [path.relative_to(ROOT).as_posix() for path in FILES]

TENSORFLOW_AT_MODULE_LEVEL = {
    "models/network.py",
    "training/article_bench.py",
    "training/article_recipe.py",
    "training/export.py",
    "training/fit.py",
    "training/loss.py",
}
TENSORFLOW_IN_A_FUNCTION = {"models/engine.py", "training/command.py"}
BEHIND_TENSORFLOW = {name[:-3].replace("/", ".") for name in TENSORFLOW_AT_MODULE_LEVEL}
HEAVY = {"librosa", "matplotlib", "sklearn", "scipy"}
HEAVY_IN_A_FUNCTION = {"monitor/plotting/drawing.py": {"matplotlib"}, "monitor/plotting/features.py": {"librosa"}}
MOST_LINES = 300


def tree_of(path: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def outer_statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that run when a module is imported; not those for type checkers alone."""
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.dump(statement.test):
            yield from outer_statements(statement.orelse)
            continue
        yield statement
        for inner in ("body", "orelse", "finalbody"):
            yield from outer_statements(getattr(statement, inner, []))
        for handler in getattr(statement, "handlers", []):
            yield from outer_statements(handler.body)


def imported(statement: ast.AST) -> Iterator[str]:
    """Yield the modules that a statement names; of ``from a.b import c`` both ``a.b`` and ``a.b.c``."""
    if isinstance(statement, ast.Import):
        yield from (alias.name for alias in statement.names)
    elif isinstance(statement, ast.ImportFrom):
        assert statement.level == 0, "imports are absolute"
        yield statement.module or ""
        yield from (f"{statement.module}.{alias.name}" for alias in statement.names)


def imports_at_module_level(path: Path) -> set[str]:
    """Return what importing a file imports."""
    return {name for statement in outer_statements(tree_of(path).body) for name in imported(statement)}


def imports_anywhere(path: Path) -> set[str]:
    """Return what a file may ever import."""
    return {name for node in ast.walk(tree_of(path)) for name in imported(node)}


def tops(names: set[str]) -> set[str]:
    """Return the first parts of some module names."""
    return {name.partition(".")[0] for name in names}


def module_name(path: Path) -> str:
    """Return the dotted name of a file's module."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_there_is_something_to_look_at() -> None:
    """The three packages are found, so the tests below look at real files."""
    assert {name.partition("/")[0] for name in NAMES} == set(PACKAGES)
    assert len(FILES) > 30


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_imports_run_one_way(path: Path) -> None:
    """The models stand on nothing of ours; monitor and training stand on models, and never on each other."""
    package = path.relative_to(ROOT).parts[0]
    assert tops(imports_anywhere(path)) & set(PACKAGES) <= MAY_IMPORT[package]
    assert "tests" not in tops(imports_anywhere(path))
    assert "benchmarks" not in tops(imports_anywhere(path))


def test_no_import_cycle() -> None:
    """No module imports itself by way of others."""
    modules = {module_name(path): path for path in FILES}
    graph = {
        name: {other for other in imports_at_module_level(path) if other in modules and other != name}
        for name, path in modules.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"import cycle: {' -> '.join(error.args[1])}")


def test_sounddevice_is_in_one_file() -> None:
    """Devices are opened in one place, and importing that place does not yet import it."""
    found = [name for name, path in zip(NAMES, FILES, strict=True) if "sounddevice" in tops(imports_anywhere(path))]
    assert found == ["monitor/portaudio.py"]
    assert "sounddevice" not in tops(imports_at_module_level(ROOT / found[0]))


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_tensorflow_is_behind_its_doors(path: Path) -> None:
    """TensorFlow is imported by the files named here and by no other; inside a function where the monitor passes."""
    name = path.relative_to(ROOT).as_posix()
    if tops(imports_at_module_level(path)) & {"tensorflow", "keras"}:
        assert name in TENSORFLOW_AT_MODULE_LEVEL
    elif tops(imports_anywhere(path)) & {"tensorflow", "keras"}:
        assert name in TENSORFLOW_IN_A_FUNCTION


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_the_run_time_path_never_leads_to_tensorflow(path: Path) -> None:
    """Neither the monitor, nor a module of models but the network's, imports a module that imports TensorFlow."""
    name = path.relative_to(ROOT).as_posix()
    if not name.startswith("training/"):
        assert not imports_at_module_level(path) & BEHIND_TENSORFLOW


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_heavy_packages_stay_out(path: Path) -> None:
    """No import of a module imports a heavy analysis package; training may in its functions, the plots one each."""
    name = path.relative_to(ROOT).as_posix()
    assert not tops(imports_at_module_level(path)) & HEAVY
    if not name.startswith("training/"):
        assert tops(imports_anywhere(path)) & HEAVY == HEAVY_IN_A_FUNCTION.get(name, set())


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_only_the_plot_command_plots(path: Path) -> None:
    """What listens, replays and judges never imports what draws pictures and tabulates features."""
    name = path.relative_to(ROOT).as_posix()
    if not name.startswith("monitor/plotting/") and name != "monitor/commands/plot.py":
        assert not [module for module in imports_anywhere(path) if module.startswith("monitor.plotting")]


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_a_file_is_short_and_documented(path: Path) -> None:
    """A module fits in a head: at most 300 lines, and a docstring that says what it is for."""
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= MOST_LINES
    assert (ast.get_docstring(tree_of(path)) or "").strip()


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_no_assert_and_no_bare_except(path: Path) -> None:
    """Errors are raised, not asserted, for asserts vanish under ``-O``; and nothing swallows Ctrl+C."""
    nodes = list(ast.walk(tree_of(path)))
    assert not [node.lineno for node in nodes if isinstance(node, ast.Assert)]
    assert not [node.lineno for node in nodes if isinstance(node, ast.ExceptHandler) and node.type is None]
