"""Run `pip install` with the given arguments, and show in one line how far it is.

pip prints two hundred lines for an installation of a minute, or with `-q` none. The end of its output is shown where it
fails. Standard library only: nothing is installed yet.
"""

from __future__ import annotations

import queue
import subprocess
import sys
import sysconfig
import threading
import time
from collections import deque
from pathlib import Path

_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏" if (sys.stdout.encoding or "").lower().startswith("utf") else "|/-\\"
_KEPT_LINES = 30
# How often a line is printed where the terminal is none, such as a log of CI.
_LOG_SECONDS = 15.0


def main(arguments: list[str]) -> int:
    """Return pip's exit code."""
    command = [sys.executable, "-m", "pip", "install", "--progress-bar", "off", "--disable-pip-version-check"]
    pip = subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # noqa: S603 - ourselves
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(pip, lines), daemon=True).start()
    last = _follow(lines)
    if code := pip.wait():
        sys.stdout.write("".join(last))
    return code


def _read(pip: subprocess.Popen[str], lines: queue.SimpleQueue[str | None]) -> None:
    for line in pip.stdout or ():
        lines.put(line)
    lines.put(None)


def _installed() -> int:
    return sum(1 for _ in Path(sysconfig.get_path("purelib")).glob("*.dist-info"))


def _follow(lines: queue.SimpleQueue[str | None]) -> deque[str]:
    """Show the progress until pip ends; return the end of its output."""
    last: deque[str] = deque(maxlen=_KEPT_LINES)
    began = logged = time.monotonic()
    packages, now, frame = 0, "starting pip", 0
    there, new = _installed(), 0
    while True:
        try:
            line = lines.get(timeout=0.1)
        except queue.Empty:
            line = ""
        if line is None:
            break
        if line:
            last.append(line)
            word, _, rest = line.strip().partition(" ")
            if word == "Collecting":
                packages += 1
                now = f"package {packages}: {rest.split(' (')[0]}"
            elif line.startswith("Installing collected packages"):
                new = line.count(",") + 1
        if new:
            now = f"installing {new} packages: {min(new, max(0, _installed() - there))} done"
        seconds, frame = time.monotonic() - began, frame + 1
        if sys.stdout.isatty():
            sys.stdout.write(f"\r\x1b[K{_FRAMES[frame % len(_FRAMES)]} {seconds:3.0f} s  {now}"[:78])
            sys.stdout.flush()
        elif time.monotonic() - logged > _LOG_SECONDS:
            logged = time.monotonic()
            sys.stdout.write(f"  {seconds:3.0f} s  {now}\n")
            sys.stdout.flush()
    if sys.stdout.isatty():
        sys.stdout.write("\r\x1b[K")
    return last


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("Stopped. Run the same command again to go on.")
