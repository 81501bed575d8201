"""One ingest run as a Prefect flow: the same steps as `pipeline.py`, seen from the web page.

Promised: a task run for each batch, with a name that says what it holds; a state that says how the run ended
(`NothingToDo`, `Skipped`, `Completed`, `CompletedWithRejects`, `Failed` with one plain sentence); a report. Prefect
holds counts and names only, never a text, and none of its results is kept. Not promised by Prefect but by the ledger
and the run lock: that nothing is lost or doubled, whatever happens to the run.
"""

import contextlib
import errno
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Any

from prefect import flow, get_run_logger
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.exceptions import TerminationSignal
from prefect.states import Cancelled, Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner
from prefect.tasks import task
from pydantic import Field
from sqlalchemy.exc import OperationalError

from longshore import __version__
from longshore.errors import LockHeldError, LongshoreError
from longshore.ingestion.summary import IngestSummary, headline
from longshore.orchestration.artifacts import FlowObserver, publish_report, raise_alerts
from longshore.orchestration.logs import keep_to_one_line_a_batch
from longshore.orchestration.task_executor import PrefectExecutor, StoppedError, Work
from longshore.pipeline import ingest as run_ingest
from longshore.records import RunObserver, Staged
from longshore.settings import Settings, load_settings

# What may be gone a moment later. A full disk, a missing right or bad data are not: they are told at once.
_TRANSIENT = {errno.EIO, errno.EAGAIN, errno.EINTR, errno.EBUSY, errno.ETIMEDOUT, errno.ESTALE, errno.ENETUNREACH}

# Who else watches the run, when a person started it from a terminal.
_watching: ContextVar[RunObserver | None] = ContextVar("watching", default=None)

Folder = Annotated[Path | None, Field(description="Empty: as in the settings of the project.")]


def is_transient(error: object) -> bool:
    """Return whether doing the same again may help: a hiccup of disk, network or database, never bad data."""
    if isinstance(error, OperationalError):
        return "locked" in str(error) or error.connection_invalidated
    return isinstance(error, TimeoutError) or (isinstance(error, OSError) and error.errno in _TRANSIENT)


def _may_retry(_task: object, _run: object, state: State[Any]) -> bool:
    with contextlib.suppress(Exception):
        return is_transient(state.result(raise_on_failure=False))
    return False


@task(
    name="normalise",
    task_run_name="normalise {files} from {place}",
    description="Read, normalise and stage one batch. Its part becomes visible when the coordinator publishes it.",
    retries=3,
    # Short: a run that is being cancelled waits for a retry that sleeps.
    retry_delay_seconds=[0.5, 1, 2],
    retry_jitter_factor=0.3,
    retry_condition_fn=_may_retry,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def normalise_files(work: Work, files: str, place: str) -> Staged | State[Any]:
    """Normalise one batch; `files` and `place` are for its name. One that is stopped with its run is no failure."""
    del files, place
    try:
        return work.run()
    except StoppedError as stopped:
        return Cancelled(message=str(stopped))


keep_to_one_line_a_batch(normalise_files.name)


@flow(
    name="longshore-ingest",
    version=__version__,
    task_runner=ThreadPoolTaskRunner(),  # type: ignore[arg-type]  # its annotation wants the runner of any future
    persist_result=False,
    validate_parameters=True,
)
def ingest(
    landing: Folder = None,
    warehouse: Folder = None,
    max_files: Annotated[int | None, Field(ge=1)] = None,
    wait: bool = False,  # noqa: FBT001, FBT002 - a check box on the web page
) -> State[Any]:
    """Ingest what has settled in landing/: text files become records in warehouse/records/.

    Args:
        landing: The folder that files are dropped in. Empty: as in the settings of the project.
        warehouse: The folder that readers open. Empty: as in the settings of the project.
        max_files: At most this many files, oldest first. Empty: all that have settled.
        wait: Wait once for files that are still young, instead of leaving them to the next run.
    """
    logger = get_run_logger()
    try:
        settings = load_settings(landing=landing, warehouse=warehouse, max_files_per_run=max_files)
        with FlowObserver(settings, logger, also=_watching.get()) as observer:
            summary = run_ingest(settings, executor=_executor, observer=observer, wait=wait)
    except LockHeldError as held:
        return Completed(name="Skipped", message=str(held))
    except (LongshoreError, OSError, OperationalError) as error:
        # The traceback is for those who look for it; the state says what to do.
        logger.debug("The run failed.", exc_info=True)
        return Failed(message=sentence_of(error), data=error)
    if summary.state == "nothing-to-do":
        return Completed(name="NothingToDo", message=" ".join(summary.notes[:3]) or "Nothing new.", data=summary)
    publish_report(summary, settings)
    raise_alerts(summary, settings)
    logger.info(headline(summary))
    name = "CompletedWithRejects" if summary.reasons else None
    return Completed(name=name, message=headline(summary), data=summary)


def run_tracked(settings: Settings, *, wait: bool, observer: RunObserver) -> IngestSummary:
    """Ingest as a flow run that the configured Prefect API sees, and give the same summary as the direct pipeline.

    Raises:
        LongshoreError, OSError: as the pipeline does.
        KeyboardInterrupt: it was stopped by a signal; what was in progress is finished or undone.
    """
    token = _watching.set(observer)
    try:
        state = ingest(
            landing=settings.landing.absolute(),
            warehouse=settings.warehouse.absolute(),
            max_files=settings.max_files_per_run,
            wait=wait,
            return_state=True,
        )
    except TerminationSignal:
        raise KeyboardInterrupt(
            "Stopped. What was in progress is finished or undone; the files that are left are still in landing."
        ) from None
    finally:
        _watching.reset(token)
    if state.name == "Skipped":
        raise LockHeldError((state.message or "").removeprefix("Skipped: ").rstrip("."))
    result = state.result()  # raises what the run failed of
    if not isinstance(result, IngestSummary):
        raise LongshoreError(f"The flow run ended as {state.name}: {state.message or 'no reason given'}")
    return result


def sentence_of(error: Exception) -> str:
    """Return one sentence on why a run could not finish, and what to do."""
    if isinstance(error, LongshoreError):
        return str(error)
    if isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror or error}{where}. Nothing is lost. Fix this and run again."
    return f"The ledger could not be reached: {str(error).splitlines()[0]}. Nothing is lost; the next run goes on."


def _executor(slots: int, expected_files: int) -> PrefectExecutor:
    return PrefectExecutor(slots, expected_files, _submit)


def _submit(work: Work, files: str, place: str) -> Any:  # noqa: ANN401 - a future of whichever task runner
    return normalise_files.submit(work, files, place)
