"""The Grafana dashboard shows the figures that `longshore serve --metrics-port` exposes."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from longshore import pipeline
from longshore.orchestration.monitoring import ProjectFigures
from longshore.settings import Settings

ROOT = Path(__file__).parents[2]
DASHBOARD = json.loads((ROOT / "deploy" / "grafana-dashboard.json").read_text())
EXPRESSIONS = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


@pytest.fixture
def exposed(tmp_path):
    """Return the figures of a project that had work, by name: the labels of each."""
    (tmp_path / "landing").mkdir()
    (tmp_path / "landing" / "a.txt").write_text("The ferry left the pier at noon.")
    (tmp_path / "landing" / "empty.txt").write_text("")
    settings = Settings(landing=tmp_path / "landing", warehouse=tmp_path / "warehouse", stable_seconds=0)
    pipeline.ingest(settings)
    samples = [sample for metric in ProjectFigures(settings).collect() for sample in metric.samples]
    return {sample.name: set(sample.labels) for sample in samples}


def test_every_figure_has_a_panel_and_every_panel_a_figure(exposed):
    shown = set(re.findall(r"longshore_\w+", " ".join(EXPRESSIONS)))
    assert shown == set(exposed)


def test_the_panels_use_labels_that_the_figures_have(exposed):
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            labels = set().union(*(exposed[name] for name in re.findall(r"longshore_\w+", target["expr"])))
            used = set(re.findall(r"{{(\w+)}}|by \((\w+)\)|(\w+)=", f"{target['legendFormat']} {target['expr']}"))
            assert {name for found in used for name in found if name} <= labels | {"instance"}, panel["title"]


def test_the_page_on_monitoring_explains_every_figure(exposed):
    page = (ROOT / "docs" / "how-to" / "monitor.md").read_text()
    for name, labels in exposed.items():
        assert f"`{name}{'{' + ','.join(labels) + '}' if labels else ''}`" in page


def test_every_panel_says_what_it_shows_and_none_lies_over_another():
    taken = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert panel["description"]
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
    identifiers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(identifiers)) == len(identifiers)


@pytest.mark.skipif(not shutil.which("promtool"), reason="there is no promtool (Debian: apt-get install prometheus)")
def test_prometheus_understands_every_expression(tmp_path):
    rules = [
        {"record": f"panel:{number}", "expr": expression.replace("$instance", ".*")}
        for number, expression in enumerate(EXPRESSIONS)
    ]
    # JSON is YAML.
    (tmp_path / "rules.yaml").write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    done = subprocess.run(
        ["promtool", "check", "rules", tmp_path / "rules.yaml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
