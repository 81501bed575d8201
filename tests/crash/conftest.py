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
_SERVERS = 2


@pytest.fixture(scope="session")
def crash_answers(request, tmp_path_factory):
    """Give, for each case that was chosen, the future of its answer; two warm processes work them off in order."""
    return _work_off(request, tmp_path_factory, "crash_answers", [""] * _SERVERS)


@pytest.fixture(scope="session")
def crash_answers_on_postgresql(request, tmp_path_factory, postgres_server):
    """Give the same for a ledger in a real PostgreSQL, in a database a process."""
    urls = [postgres_server.new_database() for _ in range(_SERVERS)]
    return _work_off(request, tmp_path_factory, "crash_answers_on_postgresql", urls)


def _work_off(request, tmp_path_factory, fixture, ledger_urls):
    asking = [item for item in request.session.items if fixture in getattr(item, "fixturenames", ())]
    cases = [item.callspec.params["case"] for item in asking]
    answers: dict[str, Future] = {case["name"]: Future() for case in cases}
    waiting = queue.SimpleQueue()
    for case in cases:
        waiting.put(case)
    for url in ledger_urls:
        command = [sys.executable, "-m", "tests.crash.server", str(tmp_path_factory.mktemp("crash")), url]
        threading.Thread(target=_serve, args=(command, waiting, answers), daemon=True).start()
    return answers


def _serve(command, waiting, answers):
    environment = {**os.environ, "PYTHONPATH": str(_ROOT / "src")}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=_ROOT
    ) as server:
        while not waiting.empty():
            try:
                case = waiting.get_nowait()
            except queue.Empty:
                break
            try:
                server.stdin.write(json.dumps(case) + "\n")
                server.stdin.flush()
                answers[case["name"]].set_result(json.loads(server.stdout.readline()))
            except (OSError, ValueError) as error:
                answers[case["name"]].set_exception(error)
        server.stdin.close()
