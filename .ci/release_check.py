"""Checks of what would be published: the sdist is complete, and builds the same wheel as this tree.

    python .ci/release_check.py [--out DIR] [--release]

Needs the package `build` (extra `dev`). The files are left in DIR for the steps that follow. With `--release`, the tree
must also be clean, the changelog must have a dated section for the version, and nothing may be left as unreleased.
"""

from __future__ import annotations

import argparse
import email
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from packaging.metadata import Metadata

ROOT = Path(__file__).parents[1]
VERSION = re.search(r'__version__ = "(.+)"', (ROOT / "src/longshore/__init__.py").read_text())[1]  # type: ignore[index]  # it is there


def build(what: str, out: Path) -> Path:
    """Build an sdist and a wheel from it (`what` empty), or the wheel of this tree (`--wheel`); return the wheel."""
    command = [sys.executable, "-m", "build", *what.split(), "--outdir", str(out), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{done.stdout[-2000:]}{done.stderr[-2000:]}\nThe build failed: see above.")
    return next(out.glob("*.whl"))


def tracked() -> set[str]:
    """Return the files of the project that Git does not ignore, below the root."""
    listed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    return {name for name in listed.split("\0") if name and (ROOT / name).exists()}


def git(*arguments: str) -> str:
    """Return what Git says about the project."""
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def problems_of_sdist(sdist: Path) -> Iterator[str]:
    """Yield what an sdist lacks or should not have."""
    with tarfile.open(sdist) as archive:
        names = {member.name.partition("/")[2] for member in archive if member.isfile()}
    for name in sorted(tracked() - names):
        yield f"The sdist lacks {name}."
    for name in sorted(names - tracked() - {"PKG-INFO"}):
        yield f"The sdist has {name}, which Git ignores."


def problems_of_wheel(wheel: Path) -> Iterator[str]:
    """Yield what a wheel lacks or should not have, and what is wrong in its metadata."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = archive.read(next(name for name in names if name.endswith("/METADATA")))
    wanted = {name.removeprefix("src/") for name in tracked() if name.startswith("src/longshore/")}
    wanted |= {f"longshore/template/{name}" for name in tracked() if name.startswith("flows/")}
    wanted.add("longshore/template/prefect.yaml")
    for name in sorted(wanted - names):
        yield f"The wheel lacks {name}."
    own = re.compile(rf"longshore-{re.escape(VERSION)}\.(dist-info|data)/")
    for name in sorted(name for name in names - wanted if not own.match(name)):
        yield f"The wheel has {name}, which is no part of the package."
    described = Metadata.from_email(metadata, validate=True)
    if str(described.version) != VERSION:
        yield f"The wheel says version {described.version}, the package {VERSION}."
    readme = email.message_from_bytes(metadata).get_payload(decode=True)
    if readme != (ROOT / "README.md").read_bytes():
        yield "The description of the wheel is not README.md."


def problems_of_release() -> Iterator[str]:
    """Yield what keeps this tree from being released as its version."""
    if dirty := git("status", "--porcelain"):
        yield f"The tree has changes that are not committed:\n{dirty.rstrip()}"
    changelog = (ROOT / "CHANGELOG.md").read_text()
    if not re.search(rf"^## {re.escape(VERSION)} \(\d{{4}}-\d\d-\d\d\)$", changelog, re.MULTILINE):
        yield f"CHANGELOG.md has no section `## {VERSION} (YYYY-MM-DD)`."
    if "## Unreleased" in changelog:
        yield "CHANGELOG.md still has a section `## Unreleased`."


def main() -> int:
    """Build, compare, and print each problem on a line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="where the sdist and the wheel go")
    parser.add_argument("--release", action="store_true", help="check what only a release needs, too")
    given = parser.parse_args()
    problems = list(problems_of_release()) if given.release else []
    with tempfile.TemporaryDirectory() as folder:
        from_tree = build("--wheel", Path(folder)).read_bytes()
    wheel = build("", given.out)
    if wheel.read_bytes() != from_tree:
        problems.append("The wheel built from the sdist is not the wheel built from this tree.")
    problems += [*problems_of_sdist(next(given.out.glob("*.tar.gz"))), *problems_of_wheel(wheel)]
    print("\n".join(problems) or f"longshore {VERSION}: the sdist is complete and builds the same wheel.")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
