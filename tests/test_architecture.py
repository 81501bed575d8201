"""The tree is the architecture: dependencies point one way, and the pure rooms are pure."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

FLOWS = Path(__file__).parent.parent / "flows"
MODULES = sorted(FLOWS.rglob("*.py"))
WITH_PREFECT = {"ingest.py", "compact.py", "verify_flow.py"}
STEPS_OF_A_RUN = ["pipeline", "intake", "planning", "batch", "packed", "settling", "recovery", "deliveries", "workers"]
IMPURE = {"prefect", "pyarrow", "sqlalchemy", "pathlib", "os", "io", "time", "random", "socket", "subprocess", "shutil"}


def _imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import; Prefect's loader would make a second class of it"
            yield node.module


@pytest.mark.parametrize("path", sorted((FLOWS / "text").rglob("*.py")), ids=lambda path: path.name)
def test_text_imports_nothing_impure(path):
    for name in _imports(path):
        assert name.split(".")[0] not in IMPURE, f"{path.name} imports {name}"
        assert not name.startswith(("longshore.storage", "longshore.settings", "longshore.pipeline")), (
            f"{path.name} imports {name}"
        )


@pytest.mark.parametrize("path", sorted((FLOWS / "storage").glob("*.py")), ids=lambda path: path.name)
def test_storage_knows_nothing_of_runs(path):
    for name in _imports(path):
        assert name.split(".")[0] != "prefect"
        assert not name.startswith(("longshore.pipeline", "longshore.ingestion.executors", "longshore.cli.main")), (
            f"{path.name} imports {name}"
        )


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(FLOWS)))
def test_storage_alone_asks_the_database(path):
    if path.parent.name != "storage":
        assert "longshore.storage.ledger.tables" not in set(_imports(path))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(FLOWS)))
def test_only_the_flows_and_the_service_know_prefect(path):
    if path.name not in WITH_PREFECT and path.parent.name != "service":
        assert "prefect" not in {name.split(".")[0] for name in _imports(path)}


@pytest.mark.parametrize("step", STEPS_OF_A_RUN)
def test_a_run_knows_nothing_of_upkeep_and_service(step):
    for name in _imports(FLOWS / f"{step}.py"):
        assert not name.startswith(("longshore.maintenance", "longshore.orchestration", "longshore.cli.main")), (
            f"{step} imports {name}"
        )


@pytest.mark.parametrize("heavy", ["prefect", "pyarrow", "sqlalchemy", "numpy", "pydantic", "dateparser", "rich"])
def test_help_and_version_import_nothing_heavy(heavy):
    code = f"import sys, longshore.cli.main; longshore.cli.main.build_parser(); sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("command", ["status", "inspect", "pipeline"])
@pytest.mark.parametrize("heavy", ["prefect", "dateparser"])
def test_no_command_but_serve_imports_prefect(command, heavy):
    module = {
        "status": "longshore.maintenance.status",
        "inspect": "longshore.cli.explain",
        "pipeline": "longshore.pipeline",
    }[command]
    code = f"import sys, longshore.cli.commands, {module}; sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_no_room_has_a_name_that_says_nothing():
    for path in MODULES:
        assert path.stem not in {"utils", "util", "helpers", "common", "manager", "misc"}
        assert path.stem not in sys.stdlib_module_names - {"__init__", "__main__", "inspect"}, path
