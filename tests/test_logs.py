"""Log lines for machines."""

import errno
import io
import json
import logging
import os
import subprocess
import sys
from pathlib import Path

from longshore.orchestration.logs import JsonConsole, JsonLines, keep_to_one_line_a_batch


def record(message, *values, **extra):
    made = logging.makeLogRecord({"name": "longshore.x", "levelname": "INFO", "msg": message, "args": values, **extra})
    return json.loads(JsonLines().format(made))


def test_a_line_is_one_object_with_time_level_logger_and_message():
    line = record("%d file(s)", 3, batch="ab12")
    assert (line["level"], line["logger"], line["message"], line["batch"]) == (
        "INFO",
        "longshore.x",
        "3 file(s)",
        "ab12",
    )
    assert line["time"].endswith("+00:00")


def test_counts_stay_numbers_and_objects_and_what_json_has_not_becomes_text():
    line = record("done", records=3, files={"published": 3}, path=Path("a"), files_by_path={"x": Path("b")}, none=None)
    assert (line["records"], line["files"], line["path"], line["files_by_path"]) == (
        3,
        {"published": 3},
        "a",
        {"x": "b"},
    )
    assert "none" not in line


def test_prefect_takes_the_json_console_and_keeps_its_own_handlers():
    """Prefect drops its whole configuration of logs, in silence, where it cannot make one handler."""
    program = (
        "from longshore.orchestration import logs; logs.log_as_json()\n"
        "import prefect.main, logging\n"
        "names = lambda name: [type(one).__name__ for one in logging.getLogger(name).handlers]\n"
        "print(names(''), names('prefect.flow_runs'), names('longshore'))\n"
        "logging.getLogger('prefect.flow_runs').warning('from a run')\n"
        "logging.getLogger('longshore.x').info('from a module')\n"
    )
    environment = {**os.environ, "PREFECT_LOGGING_TO_API_ENABLED": "false"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split("] [")[:2] == ["['JsonConsole'", "'APILogHandler'"]
    messages = [json.loads(line)["message"] for line in done.stderr.splitlines()]
    assert messages == ["from a run", "from a module"]


def test_nothing_in_a_message_can_act_on_a_terminal_or_make_a_second_line():
    made = logging.makeLogRecord({"msg": "a\n\x1b[31mb\u202ec"})
    text = JsonLines().format(made)
    assert text.isascii()
    assert text.isprintable()


def test_an_exception_is_kept():
    try:
        raise ValueError("why")
    except ValueError:
        assert "ValueError: why" in record("bad", exc_info=sys.exc_info())["exception"]


def test_a_batch_that_went_well_has_one_line_and_one_that_did_not_has_all(caplog, monkeypatch):
    keep_to_one_line_a_batch("normalise")
    logger = logging.getLogger("prefect.task_runs")
    # Once another test has imported Prefect, its handler is here, which warns of lines that belong to no run.
    monkeypatch.setattr(logger, "handlers", [])
    monkeypatch.setattr(logger, "propagate", True)
    with caplog.at_level(logging.INFO, logger.name):
        logger.info("Finished in state Completed()", extra={"task_name": "normalise"})
        logger.error("Task run failed", extra={"task_name": "normalise"})
        logger.info("Finished in state Completed()", extra={"task_name": "another"})
    assert [record.getMessage() for record in caplog.records] == ["Task run failed", "Finished in state Completed()"]


def test_runs_with_nothing_to_do_print_nothing_and_others_print_all_their_lines():
    stream = io.StringIO()
    console = JsonConsole(stream)

    def run(*messages):
        for message in ("Beginning flow run 'x'", "View at http://…", *messages):
            console.handle(
                logging.makeLogRecord({"name": "prefect.flow_runs", "levelno": logging.INFO, "msg": message})
            )

    run("Finished in state NothingToDo('Nothing new.', type=COMPLETED)")
    assert stream.getvalue() == ""
    run("3 file(s), 0.1 MB, are ready to be ingested.", "Finished in state Completed()")
    messages = [json.loads(line)["message"].split()[0] for line in stream.getvalue().splitlines()]
    assert messages == ["Beginning", "View", "3", "Finished"]


def test_prefect_prints_with_the_quiet_console_where_logs_are_text():
    program = (
        "from longshore.orchestration import logs; logs.log_news_only()\n"
        "import prefect.main, logging\n"
        "print([type(one).__name__ for one in logging.getLogger('').handlers])\n"
        "logging.getLogger('prefect.flow_runs').warning('from a run')\n"
    )
    environment = {**os.environ, "PREFECT_LOGGING_TO_API_ENABLED": "false"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert "QuietConsole" in done.stdout
    assert "from a run" in done.stderr


def test_what_a_run_says_of_a_file_acts_on_no_terminal_and_no_page(monkeypatch):
    """States, log lines and the names of task runs hold names from outside."""
    from longshore.orchestration import artifacts
    from longshore.orchestration.runs import LogObserver, failed
    from longshore.orchestration.task_executor import place_of
    from longshore.records import Batch, LandedFile, Source

    name = os.fsdecode(b"landing/\x1b[2J\xe2\x80\xae\xff.txt")
    said = []
    logger = logging.getLogger("longshore.test_names")
    logger.setLevel(logging.INFO)
    monkeypatch.setattr(logger, "filters", [lambda line: said.append(line.getMessage())])
    LogObserver(logger).message(name)
    said.append(failed(OSError(errno.ENOSPC, "No space left on device", name), logger).message)
    source = Source(LandedFile(name.replace(".txt", "/a.txt"), 1, 1, 1), "0" * 64)
    said.append(place_of(Batch("", (source,), (), None, None)))
    monkeypatch.setattr(artifacts, "create_markdown_artifact", lambda *_, description, **__: said.append(description))
    artifacts.publish_markdown("", "key", f"[click](http://evil.example) {name}")
    assert len(said) == 4
    assert [line for line in said if not line.replace("\N{WORD JOINER}", "").isprintable()] == []
    assert "[click](" not in said[-1]
