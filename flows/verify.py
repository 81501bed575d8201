"""The verification flow: landing, ledger, archive and warehouse are checked against each other."""

from typing import Annotated, Any

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from pydantic import Field

from longshore import __version__
from longshore.maintenance.verify import verify_when_free
from longshore.orchestration.artifacts import publish_markdown
from longshore.orchestration.markdown import verification_report
from longshore.orchestration.runs import RUN_ERRORS, failed, project_settings


@flow(name="longshore-verify", version=__version__, persist_result=False)
def verify(
    repair: Annotated[bool, Field(description="First repair what can be repaired.")] = False,
    wait_minutes: Annotated[float, Field(ge=0, description="How long to wait for a run that is at work.")] = 30,
) -> State[Any]:
    """Check landing, ledger, archive and warehouse against each other; fail with a list where they differ.

    Args:
        repair: First repair what can be repaired without guessing.
        wait_minutes: How long to wait for a run that is at work.
    """
    logger = get_run_logger()
    try:
        found = verify_when_free(project_settings(), repair=repair, patience_seconds=60 * wait_minutes)
    except RUN_ERRORS as error:
        return failed(error, logger)
    message = list(found.lines())[-1]
    logger.info(message)
    if found.disagreements or found.repaired:
        publish_markdown(verification_report(found), "verify-report", message)
    return Failed(message=message) if found.disagreements else Completed(message=message)
