"""The ingest flow: stable files in landing/ become records in warehouse/records/.

The steps are those of `longshore.pipeline`. This file says how Prefect shows them: a task run per batch, and a state
that says how the run ended (`NothingToDo`, `Skipped`, `Completed`, `CompletedWithRejects`, `Failed`). Edit it freely:
`longshore serve` and `prefect deploy` run the project's own copy.
"""

from typing import Annotated, Any

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Completed
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field

from longshore import __version__
from longshore.errors import LockHeldError, StoppedError
from longshore.ingestion.executors import Workload
from longshore.ingestion.summary import headline
from longshore.orchestration.artifacts import FlowObserver, finished_payload, publish_report, raise_alerts
from longshore.orchestration.runs import RUN_ERRORS, failed, may_retry, project_settings, watching
from longshore.orchestration.task_executor import PrefectExecutor, Work
from longshore.pipeline import ingest as ingest_landing
from longshore.settings import Settings
from longshore.storage.names import printable


@task(
    name="normalise",
    task_run_name="normalise {files} from {place}",
    description="Read, normalise and stage one batch. Its part becomes visible when the coordinator publishes it.",
    retries=3,
    # Short: a run that is being cancelled waits for a retry that sleeps.
    retry_delay_seconds=[0.5, 1, 2],
    retry_jitter_factor=0.3,
    retry_condition_fn=may_retry,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def normalise_batch(work: Work, files: str, place: str) -> Any:  # noqa: ANN401, ARG001 - the names are for the task run
    """Normalise one batch. A batch that is stopped with its run is cancelled, not failed."""
    try:
        return work.run()
    except StoppedError as stopped:
        return Cancelled(message=str(stopped))


@flow(name="longshore-ingest", version=__version__, task_runner=ThreadPoolTaskRunner(), persist_result=False)
def ingest(
    max_files: Annotated[int | None, Field(ge=1, description="At most this many files, oldest first.")] = None,
    wait: Annotated[bool, Field(description="Wait once for files that are not stable yet.")] = False,
) -> State[Any]:
    """Ingest the stable files in landing/: each document in them becomes a record in warehouse/records/.

    Args:
        max_files: At most this many files, oldest first. Empty: all that are stable.
        wait: Wait once for files that are not stable yet, instead of leaving them to the next run.
    """
    logger = get_run_logger()
    try:
        settings = project_settings(max_files_per_run=max_files)
        with FlowObserver(settings, logger, also=watching()) as observer:
            summary = ingest_landing(settings, executor=_executor, observer=observer, wait=wait)
    except LockHeldError as held:
        return Completed(name="Skipped", message=str(held))
    except RUN_ERRORS as error:
        return failed(error, logger)
    if summary.state == "nothing-to-do":
        return Completed(
            name="NothingToDo", message=printable(" ".join(summary.notes[:3])) or "Nothing new.", data=summary
        )
    publish_report(summary, settings)
    raise_alerts(summary, settings)
    logger.info(headline(summary), extra=finished_payload(summary))
    name = "CompletedWithRejects" if summary.rejected else None
    return Completed(name=name, message=headline(summary), data=summary)


def _executor(settings: Settings, workload: Workload) -> PrefectExecutor:
    return PrefectExecutor(settings, workload, normalise_batch.submit)
