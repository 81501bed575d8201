"""The parts that all flows share: settings of the project, errors as states, and tracked runs from the command line.

A flow takes no path as a parameter, so that nobody who reaches the server can make it read or move files elsewhere:
its project is the working directory. A run that a person starts in this process hands its settings over in a context
variable instead.
"""

import contextlib
import errno
from contextvars import ContextVar
from typing import Any

from prefect.client.schemas.objects import State
from prefect.exceptions import TerminationSignal
from prefect.states import Failed
from sqlalchemy.exc import OperationalError

from longshore.errors import LockHeldError, LongshoreError
from longshore.ingestion.summary import IngestSummary
from longshore.orchestration.flow_files import load_flow
from longshore.orchestration.logs import keep_to_one_line_a_batch
from longshore.records import RunObserver, SilentObserver
from longshore.settings import Settings, load_settings
from longshore.storage.names import printable

# Errors that may be gone a moment later. A full disk, a missing right or bad data are not: they are reported at once.
_TRANSIENT = {errno.EIO, errno.EAGAIN, errno.EINTR, errno.EBUSY, errno.ETIMEDOUT, errno.ESTALE, errno.ENETUNREACH}
# What can keep a run from finishing; anything else is a fault in Longshore and keeps its traceback.
RUN_ERRORS = (LongshoreError, OSError, OperationalError)

# The flow logs a line of its own for each batch.
keep_to_one_line_a_batch("normalise")

_settings: ContextVar[Settings | None] = ContextVar("settings", default=None)
_watching: ContextVar[RunObserver | None] = ContextVar("watching", default=None)


class LogObserver(SilentObserver):
    """Sends what a person should know to the log of the flow run."""

    def __init__(self, logger: Any) -> None:  # noqa: ANN401 - Prefect's logger is an adapter of the standard one
        self._logger = logger

    def message(self, sentence: str) -> None:
        """Log one sentence."""
        self._logger.info(printable(sentence))


def project_settings(**overrides: Any) -> Settings:  # noqa: ANN401 - the values are checked by the model
    """Return the settings of the project in the working directory, or those that `run_tracked` was called with.

    Raises:
        SettingsError: a setting cannot be used.
    """
    return _settings.get() or load_settings(**overrides)


def watching() -> RunObserver | None:
    """Return who watches this run beside Prefect: a terminal, where a person started it."""
    return _watching.get()


def failed(error: Exception, logger: Any) -> State[Any]:  # noqa: ANN401 - as above
    """Return the state of a run that could not finish: one sentence with what to do; the traceback only in the log."""
    logger.debug("The run failed.", exc_info=error)
    return Failed(message=printable(error_sentence(error)), data=error)


def error_sentence(error: Exception) -> str:
    """Return one sentence on why a run could not finish, and what to do."""
    if isinstance(error, LongshoreError):
        return str(error)
    if isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror or error}{where}. Nothing is lost. Fix this; the next run goes on from here."
    return f"The ledger could not be reached: {str(error).splitlines()[0]}. Nothing is lost; the next run goes on."


def is_transient(error: object) -> bool:
    """Return whether doing the same again may help: a hiccup of disk, network or database, never bad data."""
    if isinstance(error, OperationalError):
        return "locked" in str(error) or error.connection_invalidated
    return isinstance(error, TimeoutError) or (isinstance(error, OSError) and error.errno in _TRANSIENT)


def may_retry(_task: object, _run: object, state: State[Any]) -> bool:
    """Return whether Prefect should run a failed task again (`retry_condition_fn`)."""
    with contextlib.suppress(Exception):
        return is_transient(state.result(raise_on_failure=False))
    return False


def run_tracked(settings: Settings, *, wait: bool, observer: RunObserver) -> IngestSummary:
    """Ingest as a flow run that the configured Prefect API sees, and return the same summary as the direct pipeline.

    Raises:
        LongshoreError, OSError: as the pipeline does.
        KeyboardInterrupt: it was stopped by a signal; batches in progress are finished or undone.
    """
    ingest = load_flow("ingest")
    tokens = (_settings.set(settings), _watching.set(observer))
    try:
        state = ingest(wait=wait, return_state=True)
    except TerminationSignal:
        raise KeyboardInterrupt(
            "Stopped. Batches in progress are finished or undone; the files that are left are still in landing."
        ) from None
    finally:
        _settings.reset(tokens[0])
        _watching.reset(tokens[1])
    if state.name == "Skipped":
        raise LockHeldError((state.message or "").removeprefix("Skipped: ").rstrip("."))
    result = state.result()  # raises the error that the run failed with
    if not isinstance(result, IngestSummary):
        raise LongshoreError(f"The flow run ended as {state.name}: {state.message or 'no reason given'}")
    return result
