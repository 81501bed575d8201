"""The tree is the architecture: dependencies point one way, and the pure packages are pure."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LIBRARY = ROOT / "src" / "longshore"
MODULES = sorted(LIBRARY.rglob("*.py"))
IMPURE = {"prefect", "pyarrow", "sqlalchemy", "pathlib", "os", "io", "time", "random", "socket", "subprocess", "shutil"}
# Who may import whom, lowest first: a package imports from its own level and from those before it.
LAYERS = [
    {"records", "errors"},
    {"text", "storage"},
    {"console", "settings"},
    {"ingestion", "documents"},
    {"pipeline", "maintenance"},
    {"orchestration"},
    {"cli"},
]


def _name(path):
    parts = path.relative_to(LIBRARY.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {_name(path): path for path in MODULES}


def _imports(path):
    """Yield the modules that a file imports, function-level imports and those for the type checker included."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import; Prefect's loader would make a second class of it"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in NAMES else node.module


def _cycles(graph):
    """Return the strongly connected components of more than one node (Tarjan)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in graph.get(node, ()):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            component = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(component) > 1:
                found.append(sorted(component))

    for node in graph:
        if node not in index:
            visit(node)
    return found


def _graph(of=lambda name: name):
    graph = {}
    for name, path in NAMES.items():
        if name != "longshore":
            own = graph.setdefault(of(name), set())
            own |= {of(other) for other in _imports(path) if other in NAMES and other != "longshore"} - {of(name)}
    return graph


def test_modules_import_each_other_in_no_circle():
    assert _cycles(_graph()) == []


def test_packages_import_each_other_in_no_circle():
    assert _cycles(_graph(lambda name: ".".join(name.split(".")[:2]))) == []


@pytest.mark.parametrize("package", ["text", "storage"])
def test_the_packages_within_a_package_import_each_other_in_no_circle(package):
    inner = {path.name for path in (LIBRARY / package).iterdir() if (path / "__init__.py").is_file()}
    graph = {
        name: {other for other in others if other.split(".")[-1] in inner}
        for name, others in _graph(lambda name: ".".join(name.split(".")[:3])).items()
        if name.split(".")[-1] in inner
    }
    assert _cycles(graph) == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(LIBRARY)))
def test_dependencies_point_one_way(path):
    level = {name: number for number, names in enumerate(LAYERS) for name in names}
    parts = _name(path).split(".")
    if len(parts) == 1 or parts[1] == "__main__":
        return
    for other in _imports(path):
        if other.startswith("longshore."):
            target = other.split(".")[1]
            assert level[target] <= level[parts[1]], f"{path.name} imports {other}"


@pytest.mark.parametrize("path", sorted((LIBRARY / "text").rglob("*.py")), ids=lambda path: path.name)
def test_text_imports_nothing_impure(path):
    for name in _imports(path):
        assert name.split(".")[0] not in IMPURE, f"{path.name} imports {name}"
        assert not name.startswith("longshore.storage"), f"{path.name} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(LIBRARY)))
def test_storage_alone_asks_the_database(path):
    if "storage" not in path.parts:
        assert "longshore.storage.ledger.tables" not in set(_imports(path))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(LIBRARY)))
def test_only_orchestration_imports_prefect(path):
    if path.parent.name != "orchestration":
        assert "prefect" not in {name.split(".")[0] for name in _imports(path)}


@pytest.mark.parametrize("heavy", ["prefect", "pyarrow", "sqlalchemy", "numpy", "pydantic", "dateparser", "rich"])
def test_help_and_version_import_nothing_heavy(heavy):
    code = f"import sys, longshore.cli.main; longshore.cli.main.build_parser(); sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("module", ["maintenance.status", "cli.explain", "pipeline"])
@pytest.mark.parametrize("heavy", ["prefect", "dateparser"])
def test_no_command_but_serve_imports_prefect(module, heavy):
    code = f"import sys, longshore.cli.commands, longshore.{module}; sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_no_module_has_a_name_that_says_nothing():
    for path in MODULES:
        assert path.stem not in {"utils", "util", "helpers", "common", "manager", "misc"}
        assert path.stem not in sys.stdlib_module_names - {"__init__", "__main__", "inspect"}, path
