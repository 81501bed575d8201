"""The nightly check of everything against everything as a Prefect flow: one call of `verify.py`, and a report."""

import time
from typing import Annotated, Any

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from pydantic import Field
from sqlalchemy.exc import OperationalError

from longshore import __version__
from longshore.errors import LongshoreError
from longshore.maintenance.verify import Verification
from longshore.maintenance.verify import verify as verify_project
from longshore.orchestration.artifacts import told_but_not_fatal
from longshore.orchestration.markdown import escaped
from longshore.orchestration.tracked import Folder, sentence_of
from longshore.settings import Settings, load_settings
from longshore.storage.lock import holder_of
from longshore.storage.warehouse import Warehouse

# An ingest run is due in the same second as this one: it is let go first.
_LOOK_AGAIN_SECONDS = 2.0
_ROWS = 50


@flow(name="longshore-verify", version=__version__, persist_result=False)
def verify(
    landing: Folder = None,
    warehouse: Folder = None,
    repair: Annotated[bool, Field(description="Repair what can be repaired first.")] = False,
    wait_minutes: Annotated[float, Field(ge=0)] = 30,
) -> State[Any]:
    """Check landing, ledger, archive and warehouse against each other.

    Args:
        landing: The folder that files are dropped in. Empty: as in the settings of the project.
        warehouse: The folder that readers open. Empty: as in the settings of the project.
        repair: Repair what can be repaired, then look again.
        wait_minutes: How long to wait for a run that is at work.
    """
    logger = get_run_logger()
    try:
        settings = load_settings(landing=landing, warehouse=warehouse)
        found = _verify_when_free(settings, repair=repair, patience_seconds=60 * wait_minutes)
    except (LongshoreError, OSError, OperationalError) as error:
        logger.debug("The verification failed.", exc_info=True)
        return Failed(message=sentence_of(error), data=error)
    lines = list(found.lines())
    logger.info(lines[-1])
    if found.disagreements or found.repaired:
        with told_but_not_fatal("the report"):
            create_markdown_artifact(as_markdown(found), key="verify-report", description=lines[-1])
    return Failed(message=lines[-1]) if found.disagreements else Completed(message=lines[-1])


def _verify_when_free(settings: Settings, *, repair: bool, patience_seconds: float) -> Verification:
    folder = Warehouse(settings.warehouse).inner
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            return verify_project(settings, repair=repair)
        except LongshoreError:
            if holder_of(folder) is None or time.monotonic() > deadline:
                raise
        time.sleep(_LOOK_AGAIN_SECONDS)


def as_markdown(found: Verification) -> str:
    """Return the report of what does not agree."""
    lines = ["# Verification", "", *(f"- repaired: {escaped(sentence)}" for sentence in found.repaired[:_ROWS])]
    lines += ["", "| what | where | what was seen |", "| --- | --- | --- |"]
    lines += [
        f"| {escaped(one.kind)} | {escaped(one.place)} | {escaped(one.sentence)} |"
        for one in found.disagreements[:_ROWS]
    ]
    return "\n".join(lines) + "\n"
