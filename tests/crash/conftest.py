from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def crash_answers(tmp_path_factory):
    """Give what answers all cases, worked off by a warm process for each core, once for the session."""
    answers = {}

    def answer_all(cases):
        if not answers:
            answers.update(_work_off(cases, tmp_path_factory.mktemp("crash")))
        return answers

    return answer_all


def _work_off(cases, folder):
    waiting, answers = queue.SimpleQueue(), {}
    for name, case in cases.items():
        waiting.put((name, case))

    def work(number):
        environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
        command = [sys.executable, str(Path(__file__).parent / "server.py")]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        ) as server:
            while True:
                try:
                    name, case = waiting.get_nowait()
                except queue.Empty:
                    break
                root = folder / f"{number}-{len(answers)}"
                server.stdin.write(json.dumps({**case, "root": str(root)}) + "\n")
                server.stdin.flush()
                line = server.stdout.readline()
                answers[name] = json.loads(line) if line else {"fired": True, "wrong": ["the server died"], "first": ""}
                if not line:
                    break
            server.stdin.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
