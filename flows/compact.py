"""The compaction flow: the small Parquet parts of past days become few large ones, while readers read."""

from typing import Annotated, Any

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from pydantic import Field

from longshore import __version__
from longshore.errors import LockHeldError
from longshore.maintenance.compact import compact_warehouse
from longshore.orchestration.artifacts import publish_markdown
from longshore.orchestration.markdown import compaction_report
from longshore.orchestration.runs import RUN_ERRORS, LogObserver, failed, project_settings


@flow(name="longshore-compact", version=__version__, persist_result=False)
def compact(
    dry_run: Annotated[bool, Field(description="Only report what would be merged.")] = False,
) -> State[Any]:
    """Merge the small Parquet parts of past days into larger ones. No reader sees a row twice, or misses one.

    Args:
        dry_run: Only report what would be merged, and write nothing.
    """
    logger = get_run_logger()
    try:
        summary = compact_warehouse(project_settings(), LogObserver(logger), dry_run=dry_run)
    except LockHeldError as held:
        return Completed(name="Skipped", message=str(held))
    except RUN_ERRORS as error:
        return failed(error, logger)
    message = " ".join(summary.lines())
    if not summary.partitions:
        return Completed(name="NothingToDo", message=message)
    publish_markdown(compaction_report(summary), "compact-report", message)
    return Failed(message=message) if summary.failed else Completed(message=message)
