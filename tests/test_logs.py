"""Log lines for machines."""

import json
import logging
import sys

from longshore.orchestration.logs import JsonLines, keep_to_one_line_a_batch


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


def test_a_batch_that_went_well_has_one_line_and_one_that_did_not_has_all(caplog):
    keep_to_one_line_a_batch("normalise")
    logger = logging.getLogger("prefect.task_runs")
    with caplog.at_level(logging.INFO, logger.name):
        logger.info("Finished in state Completed()", extra={"task_name": "normalise"})
        logger.error("Task run failed", extra={"task_name": "normalise"})
        logger.info("Finished in state Completed()", extra={"task_name": "another"})
    assert [record.getMessage() for record in caplog.records] == ["Task run failed", "Finished in state Completed()"]
