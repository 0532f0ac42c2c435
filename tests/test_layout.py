"""The layout: packages in a fixed order, no import cycles, heavy packages isolated, short files and folders."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path, PurePosixPath

import pytest

import monitor

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("monitor", "training")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
NAMES = [path.relative_to(ROOT).as_posix() for path in FILES]
FOLDERS = sorted({str(PurePosixPath(name).parent) for name in NAMES})

GROUND = "ground"
"""Key for what stands at the top of a package, a file or a folder, and all of its subpackages may import."""
MONITOR_GROUND = {
    "errors",
    "labels",
    "messages",
    "atomic_write",
    "process",
    "log",
    "output",
    "_version",
}
TRAINING_GROUND = {"progress"}
MONITOR_ORDER = {
    "synthesis": set(),
    "features": set(),
    "inference": {"features"},
    "audio": {"features", "synthesis"},
    "text": set(),
    "analysis": {"features", "inference", "audio"},
    "runtime": {"inference", "audio", "analysis"},
    "dashboard": {"features", "audio", "analysis", "runtime", "text"},
    "views": {"audio", "runtime", "text", "dashboard"},
    "sessions": {"audio", "runtime", "text", "views"},
    "archive": {"features", "inference", "audio", "analysis", "runtime", "text", "sessions"},
    "serve": {"features", "audio", "runtime", "text", "dashboard", "views", "archive"},
    "commands": {
        "features",
        "inference",
        "synthesis",
        "audio",
        "analysis",
        "runtime",
        "text",
        "dashboard",
        "views",
        "sessions",
        "archive",
        "serve",
    },
}
"""What each subpackage of ``monitor`` may import besides itself and the ground; earlier rows only."""
TRAINING_ORDER = {
    "data": set(),
    "evaluation": {"data"},
    "examples": {"data"},
    "fitting": {"data", "examples"},
    "calibration": {"data", "examples", "evaluation", "fitting"},
    "recipes": {"data", "examples", "evaluation", "fitting", "calibration"},
    "reports": {"data", "evaluation", "fitting", "calibration", "recipes"},
    "export": {"data", "evaluation", "fitting", "calibration", "recipes", "reports"},
    "study": {"data", "examples", "evaluation", "fitting", "calibration", "recipes", "reports", "export"},
    "commands": {"data", "examples", "evaluation", "fitting", "calibration", "recipes", "reports", "export", "study"},
}
OPEN_TO_TRAINING = (
    "features",
    "inference",
    "synthesis",
    "audio.sources.decoding",
    "sessions.labels",
    "sessions.names",
    "sessions.readable",
    "sessions.reader",
    "archive.offline",
    "archive.spans",
    "text.csv_table",
)
"""What ``training`` may import of ``monitor`` besides its ground."""
BY_NAME_ONLY = {
    ("monitor.commands.bench.command", "training.recipes.article_timing"),
    ("monitor.commands.setup.model_files", "training.export.onnx_network"),
}
"""Imported by name where the training extra is installed, and not needed elsewhere."""
ON_TOP = {"__init__", "__main__", "api", "cli"}
"""Files of ``monitor`` that may import anything of it and that no other file imports."""

TENSORFLOW_AT_MODULE_LEVEL = {
    "monitor/inference/networks.py",
    "training/fitting/conversion.py",
    "training/fitting/cycle_fit.py",
    "training/fitting/cycle_network.py",
    "training/fitting/loss.py",
    "training/fitting/trainer.py",
    "training/recipes/article.py",
    "training/recipes/article_timing.py",
}
TENSORFLOW_IN_A_FUNCTION = {
    "monitor/inference/engine.py",
    "training/commands/train.py",
    "training/export/onnx_network.py",
}
NEEDING_TENSORFLOW = {name[:-3].replace("/", ".") for name in TENSORFLOW_AT_MODULE_LEVEL}
HEAVY = {"librosa", "matplotlib", "sklearn", "scipy"}
HEAVY_IN_A_FUNCTION = {
    "monitor/commands/plot/figure.py": {"matplotlib"},
    "monitor/commands/plot/acoustic_features.py": {"librosa"},
    "monitor/commands/report/drawings.py": {"matplotlib"},
    "monitor/commands/report/pdf.py": {"matplotlib"},
    "monitor/commands/report/picture.py": {"matplotlib"},
}
MAX_LINES = 400
MAX_ENTRIES = 16
MAX_ENTRIES_OF_MONITOR = 22
NO_ENTRIES = ("__init__.py", "__main__.py", "_version.py")
MODULE_NAME = re.compile(rf"(?:{'|'.join(PACKAGES)})(?:\.[A-Za-z_]\w*)+(?::\w+)?")


@functools.cache
def tree_of(path: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def outer_statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that run when a module is imported, without those for type checkers."""
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
    """Yield the modules that a statement imports; of ``from a.b import c`` both ``a.b`` and ``a.b.c``."""
    if isinstance(statement, ast.Import):
        yield from (alias.name for alias in statement.names)
    elif isinstance(statement, ast.ImportFrom):
        assert statement.level == 0, "imports are absolute"
        yield statement.module or ""
        yield from (f"{statement.module}.{alias.name}" for alias in statement.names)


@functools.cache
def imports_at_module_level(path: Path) -> set[str]:
    """Return the modules that are imported when a file is."""
    return {name for statement in outer_statements(tree_of(path).body) for name in imported(statement)}


@functools.cache
def imports_anywhere(path: Path) -> set[str]:
    """Return the modules that a file may import at any time: by a statement, or by a string that names one of ours."""
    names = set()
    for node in ast.walk(tree_of(path)):
        names |= set(imported(node))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and MODULE_NAME.fullmatch(node.value):
            names.add(node.value.partition(":")[0])
    return names


def top_level(names: set[str]) -> set[str]:
    """Return the top-level packages of some module names."""
    return {name.partition(".")[0] for name in names}


def module_name(path: Path) -> str:
    """Return the dotted name of a file's module."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in FILES}


def ours(names: set[str]) -> set[str]:
    """Return the names that are modules of this project."""
    return {name for name in names if name in MODULES}


def location(module: str) -> tuple[str, str]:
    """Return the top-level package of a module, and its subpackage, or GROUND, or the name of the file."""
    package, *rest = module.split(".")
    if rest and rest[0] in MONITOR_GROUND | TRAINING_GROUND:
        return package, GROUND
    if len(rest) > 1 or (rest and MODULES[module].name == "__init__.py"):
        return package, rest[0]
    return package, rest[0] if rest else "__init__"


def may_import(importer: str, other: str) -> bool:
    """Return whether the order of packages allows one module to import another."""
    if (importer, other) in BY_NAME_ONLY:
        return True
    package, inner = location(importer)
    other_package, other_inner = location(other)
    if other == other_package:  # the package itself, whose __init__ loads nothing
        return True
    if package == "monitor" and inner in ON_TOP:
        return other_package == "monitor" or importer == "monitor.cli"
    if package == "training" and other_package == "monitor":
        inside = other.removeprefix("monitor.") + "."
        return other_inner == GROUND or any(inside.startswith(f"{name}.") for name in OPEN_TO_TRAINING)
    if package != other_package:
        return False
    order = MONITOR_ORDER if package == "monitor" else TRAINING_ORDER
    return other_inner in (GROUND, inner) or other_inner in order.get(inner, set())


def test_the_packages_are_found() -> None:
    """The tests below read real files."""
    assert top_level(set(MODULES)) == set(PACKAGES)
    assert len(FILES) > 100


def test_the_orders_run_one_way() -> None:
    """The tables name every package, and each may import only packages of earlier rows."""
    for package, order in (("monitor", MONITOR_ORDER), ("training", TRAINING_ORDER)):
        found = {path.parent.name for path in (ROOT / package).glob("*/__init__.py")}
        assert set(order) == found - MONITOR_GROUND
        before: set[str] = set()
        for name, others in order.items():
            assert others <= before, name
            before.add(name)


def test_imports_run_one_way() -> None:
    """A module imports, and names in strings, only what the order of packages allows."""
    for name in sorted(MODULES):
        refused = [other for other in ours(imports_anywhere(MODULES[name])) if not may_import(name, other)]
        assert not refused, name
        assert not top_level(imports_anywhere(MODULES[name])) & {"models", "tests", "benchmarks", "docs"}, name
        if name != "monitor":
            assert not imports_anywhere(MODULES[name]) & {f"monitor.{public}" for public in monitor.__all__}, name


def cycle(graph: dict[str, set[str]]) -> str:
    """Return a cycle of a graph as text, or an empty text."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return " -> ".join(error.args[1])
    return ""


def test_no_import_cycle_of_files() -> None:
    """No module imports itself through others, not even in a function."""
    graph = {
        name: {other for other in ours(imports_anywhere(path)) if other not in {name, "monitor", "training"}}
        for name, path in MODULES.items()
    }
    assert not cycle(graph)


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_import_cycle_of_packages(folder: str) -> None:
    """Among the files and packages of a folder, none imports itself through others."""
    prefix = folder.replace("/", ".") + "."

    def entry(module: str) -> str | None:
        return module.removeprefix(prefix).partition(".")[0] if module.startswith(prefix) else None

    graph: dict[str, set[str]] = {}
    for name, path in MODULES.items():
        inside = entry(name)
        if inside is not None:
            others = {entry(other) for other in ours(imports_anywhere(path))}
            graph.setdefault(inside, set()).update(other for other in others if other not in (None, inside))
    assert not cycle(graph)


def test_sounddevice_is_in_one_file() -> None:
    """One module opens devices, and importing it does not import sounddevice."""
    importers = [
        name for name, path in zip(NAMES, FILES, strict=True) if "sounddevice" in top_level(imports_anywhere(path))
    ]
    assert importers == ["monitor/audio/sources/device/portaudio.py"]
    assert "sounddevice" not in top_level(imports_at_module_level(ROOT / importers[0]))


def test_tensorflow_is_isolated() -> None:
    """TensorFlow is imported by the files named here and by no other; inside a function on the run-time path."""
    for path in FILES:
        name = path.relative_to(ROOT).as_posix()
        if top_level(imports_at_module_level(path)) & {"tensorflow", "keras"}:
            assert name in TENSORFLOW_AT_MODULE_LEVEL, path
        elif top_level(imports_anywhere(path)) & {"tensorflow", "keras"}:
            assert name in TENSORFLOW_IN_A_FUNCTION, path


def test_the_run_time_path_never_imports_tensorflow() -> None:
    """Importing a module of the monitor does not import a module that imports TensorFlow."""
    for path in FILES:
        if path.relative_to(ROOT).parts[0] == "monitor":
            assert not imports_at_module_level(path) & NEEDING_TENSORFLOW, path


def test_heavy_packages_are_isolated() -> None:
    """Importing a module imports no heavy analysis package; functions of training and of the plots may."""
    for path in FILES:
        name = path.relative_to(ROOT).as_posix()
        assert not top_level(imports_at_module_level(path)) & HEAVY, path
        if not name.startswith("training/"):
            assert top_level(imports_anywhere(path)) & HEAVY == HEAVY_IN_A_FUNCTION.get(name, set()), path


def test_commands_do_not_import_each_other() -> None:
    """What two commands share is in a file that is not a command."""
    commands = {
        name
        for name, path in MODULES.items()
        if "add_arguments" in {node.name for node in tree_of(path).body if isinstance(node, ast.FunctionDef)}
    }
    for name in commands:
        assert not ours(imports_anywhere(MODULES[name])) & (commands - {name})


def test_a_file_is_short_and_documented() -> None:
    """At most 400 lines, and a docstring that says what the module is for."""
    for path in FILES:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert len(lines) <= MAX_LINES, path
        assert (ast.get_docstring(tree_of(path)) or "").strip(), path


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_is_short(folder: str) -> None:
    """At most 16 entries; 22 at the top of monitor."""
    entries = {
        PurePosixPath(name).relative_to(folder).parts[0]
        for name in NAMES
        if PurePosixPath(name).is_relative_to(folder) and PurePosixPath(name).name not in NO_ENTRIES
    }
    assert len(entries) <= (MAX_ENTRIES_OF_MONITOR if folder == "monitor" else MAX_ENTRIES)


def test_models_holds_bundles_only() -> None:
    """There is no code beside the trained bundles, so a program may have its own ``models``."""
    assert not list((ROOT / "models").rglob("*.py"))


def test_a_module_with_behaviour_has_a_test_file() -> None:
    """Where a module defines a function or class, a test file of its name has the same path below tests."""
    for path in FILES:
        name = path.relative_to(ROOT)
        has_behaviour = any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in tree_of(path).body)
        if has_behaviour and path.name not in ("__init__.py", "__main__.py"):
            assert (ROOT / "tests" / name.parent / f"test_{name.name.lstrip('_')}").is_file(), path


def test_no_assert_and_no_bare_except() -> None:
    """Errors are raised, not asserted, because ``-O`` removes asserts; and nothing swallows Ctrl+C."""
    for path in FILES:
        nodes = list(ast.walk(tree_of(path)))
        assert not [node.lineno for node in nodes if isinstance(node, ast.Assert)], path
        assert not [node.lineno for node in nodes if isinstance(node, ast.ExceptHandler) and node.type is None], path
