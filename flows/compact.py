"""The nightly compaction as a Prefect flow: one call of `compaction.py`, and a report of what it did."""

from typing import Annotated, Any

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from pydantic import Field
from sqlalchemy.exc import OperationalError

from longshore import __version__
from longshore.errors import LockHeldError, LongshoreError
from longshore.maintenance.compact import CompactionSummary, compact_warehouse
from longshore.orchestration.artifacts import told_but_not_fatal
from longshore.orchestration.markdown import escaped
from longshore.orchestration.tracked import Folder, sentence_of
from longshore.records import SilentObserver
from longshore.settings import load_settings


@flow(name="longshore-compact", version=__version__, persist_result=False)
def compact(
    landing: Folder = None,
    warehouse: Folder = None,
    dry_run: Annotated[bool, Field(description="Only say what would be merged.")] = False,
) -> State[Any]:
    """Merge the small Parquet parts of past days into larger ones, while readers read.

    Args:
        landing: The folder that files are dropped in. Empty: as in the settings of the project.
        warehouse: The folder that readers open. Empty: as in the settings of the project.
        dry_run: Only say what would be merged, and write nothing.
    """
    logger = get_run_logger()

    class Logged(SilentObserver):
        def message(self, sentence: str) -> None:
            logger.info(sentence)

    try:
        settings = load_settings(landing=landing, warehouse=warehouse)
        summary = compact_warehouse(settings, Logged(), dry_run=dry_run)
    except LockHeldError as held:
        return Completed(name="Skipped", message=str(held))
    except (LongshoreError, OSError, OperationalError) as error:
        logger.debug("The compaction failed.", exc_info=True)
        return Failed(message=sentence_of(error), data=error)
    said = " ".join(summary.lines())
    if not summary.partitions:
        return Completed(name="NothingToDo", message=said)
    with told_but_not_fatal("the report"):
        create_markdown_artifact(as_markdown(summary), key="compact-report", description=said[:500])
    return Failed(message=said) if summary.failed else Completed(message=said)


def as_markdown(summary: CompactionSummary) -> str:
    """Return the report of a compaction."""
    rows = [
        f"| {escaped(one.partition)} | {one.parts_before} | {one.parts_after} | {one.rows:,} "
        f"| {one.bytes_before / 2**20:,.1f} | {one.bytes_after / 2**20:,.1f} | {escaped(one.skipped)} |"
        for one in summary.partitions[:200]
    ]
    head = [
        "# Compaction",
        "",
        "| partition | parts before | after | rows | MiB before | after | skipped because |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    return "\n".join([*head, *rows]) + "\n"
