from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from concurrent.futures import Future
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def crash_answers(request, tmp_path_factory):
    """Give, for each case that was chosen, the future of its answer; two warm processes work them off in order."""
    chosen = [item.callspec.params["case"] for item in request.session.items if item.name.startswith("test_whatever")]
    answers: dict[str, Future] = {case["name"]: Future() for case in chosen}
    waiting = queue.SimpleQueue()
    for case in chosen:
        waiting.put(case)
    for _ in range(2):
        folder = tmp_path_factory.mktemp("crash")
        threading.Thread(target=_work, args=(waiting, answers, folder), daemon=True).start()
    return answers


def _work(waiting, answers, folder):
    command = [sys.executable, str(Path(__file__).parent / "server.py")]
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as server:
        while not waiting.empty():
            try:
                case = waiting.get_nowait()
            except queue.Empty:
                break
            name, root = case["name"], folder / case["name"]
            try:
                server.stdin.write(json.dumps({**case, "root": str(root)}) + "\n")
                server.stdin.flush()
                answers[name].set_result(json.loads(server.stdout.readline()))
            except (OSError, ValueError) as error:
                answers[name].set_exception(error)
        server.stdin.close()
