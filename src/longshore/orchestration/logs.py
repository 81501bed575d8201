"""Logging: one line per batch; JSON lines for log collectors (`--log-format json`)."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import sys

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object; what was passed as `extra` becomes keys of it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line: ASCII only, so that nothing in it can act on a terminal."""
        line: dict[str, object] = {
            "time": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        extra = {key: value for key, value in record.__dict__.items() if key not in _STANDARD}
        line |= {
            key: value if isinstance(value, str | int | float | bool) else str(value) for key, value in extra.items()
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=True)


def keep_to_one_line_a_batch(task: str) -> None:
    """Leave out Prefect's own line on each run of a task that went well: the flow says more of it in one of its own."""

    def is_news(record: logging.LogRecord) -> bool:
        return record.levelno > logging.INFO or getattr(record, "task_name", None) != task

    logging.getLogger("prefect.task_runs").addFilter(is_news)


def log_as_json() -> None:
    """Send the log lines of Longshore, and of Prefect once it is imported, to standard error as JSON."""
    # Prefect configures its handlers from these when it is imported; the runs inherit them.
    os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_CLASS"] = "logging.StreamHandler"
    os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_FORMATTER"] = "json"
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("longshore")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)


def are_json() -> bool:
    """Return whether log lines are JSON in this process."""
    return any(isinstance(handler.formatter, JsonLines) for handler in logging.getLogger("longshore").handlers)


def say(line: str) -> None:
    """Print a line, or log it where the log lines are JSON."""
    if are_json():
        logging.getLogger("longshore").info(line.strip() or "-")
        return
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
