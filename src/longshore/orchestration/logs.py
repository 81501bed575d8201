"""Logging: one line per batch; JSON lines for log collectors (`--log-format json`)."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import sys
from typing import Any

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
        if not hasattr(record, "flow_run_id") and (flow_run_id := _flow_run_id()):
            line["flow_run_id"] = flow_run_id
        extra = {key: value for key, value in record.__dict__.items() if key not in _STANDARD}
        line |= {
            key: value if isinstance(value, str | int | float | bool | dict) else str(value)
            for key, value in extra.items()
            if value is not None
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=True, default=str)


def _flow_run_id() -> str | None:
    """Return the flow run that this line is logged in, if any; a logger of a module does not add it itself."""
    context = sys.modules.get("prefect.context")
    run = context.FlowRunContext.get() if context is not None and hasattr(context, "FlowRunContext") else None
    return str(run.flow_run.id) if run is not None and run.flow_run is not None else None


class NewsOnly(logging.Handler):
    """Leaves out runs that found nothing to do: one a minute would bury what matters.

    The lines with which Prefect opens a run are held back until another line of the run follows. The API has them all.
    Beside a console handler in the bases of a class; each run is a process with a handler of its own.
    """

    _held: tuple[logging.LogRecord, ...] = ()

    def emit(self, record: logging.LogRecord) -> None:
        """Print the line, after those that were held back, unless it opens a run or says that there was nothing."""
        message = record.getMessage() if record.name == "prefect.flow_runs" else ""
        if message.startswith(("Beginning flow run", "View at")):
            self._held += (record,)
            return
        held, self._held = self._held, ()
        if message.startswith("Finished in state NothingToDo"):
            return
        for one in (*held, record):
            super().emit(one)


class JsonConsole(NewsOnly, logging.StreamHandler[Any]):
    """Stands in for Prefect's console handler, in every process that inherits the environment of `log_as_json`.

    Prefect hands its handler colours, which a plain one refuses; Prefect then drops its whole configuration of logs,
    without a word, and no log reaches the terminal or the API.
    """

    def __init__(self, stream: Any = None, **_colours: Any) -> None:  # noqa: ANN401 - as in Prefect's configuration
        super().__init__(stream)
        self._lines = JsonLines()

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, whichever formatter Prefect has set."""
        return self._lines.format(record)


# Prefect takes the class of its handler for the terminal from this when a run begins; the runs inherit it.
_CONSOLE_CLASS = "PREFECT_LOGGING_HANDLERS_CONSOLE_CLASS"


def log_news_only() -> None:
    """Print the log lines of runs as Prefect does, but for runs that found nothing to do."""
    os.environ.setdefault(_CONSOLE_CLASS, "longshore.orchestration.quiet_console.QuietConsole")


def keep_to_one_line_a_batch(task: str) -> None:
    """Leave out Prefect's own line on each run of a task that went well: the flow says more of it in one of its own."""

    def is_news(record: logging.LogRecord) -> bool:
        return record.levelno > logging.INFO or getattr(record, "task_name", None) != task

    logging.getLogger("prefect.task_runs").addFilter(is_news)


def log_as_json() -> None:
    """Send the log lines of Longshore, and of Prefect once it is imported, to standard error as JSON."""
    os.environ[_CONSOLE_CLASS] = f"{JsonConsole.__module__}.{JsonConsole.__qualname__}"
    logger = logging.getLogger("longshore")
    logger.handlers = [JsonConsole(sys.stderr)]
    # Prefect's handler would print each line again.
    logger.propagate = False
    logger.setLevel(logging.INFO)


def are_json() -> bool:
    """Return whether log lines are JSON in this process."""
    return any(isinstance(handler, JsonConsole) for handler in logging.getLogger("longshore").handlers)


def say(line: str) -> None:
    """Print a line, or log it where the log lines are JSON."""
    if are_json():
        logging.getLogger("longshore").info(line.strip() or "-")
        return
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
