"""Automations on the Prefect server: a run whose process died is `Crashed`; alerts where the settings ask for them.

Made by `longshore serve` where they are absent, by name; one that a person has changed is left as it is.
"""

from datetime import timedelta

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ActionTypes, ChangeFlowRunState, DoNothing, SendNotification
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification

from longshore.errors import SettingsError
from longshore.orchestration.api import HEARTBEAT_SECONDS
from longshore.orchestration.artifacts import ALERT, PART_PUBLISHED
from longshore.settings import Settings

CRASHED = "longshore: a run that died is Crashed"
IDLE = "longshore: nothing was published for too long"
ALERTS = "longshore: a run has raised an alert"
_TAG = "prefect.tag.longshore"


async def ensure_automations(settings: Settings) -> list[str]:
    """Make the automations that are wanted and absent; give the names of those that were made."""
    wanted = [crashed_automation()]
    if settings.alert_idle_hours is not None:
        wanted.append(idle_automation(settings.alert_idle_hours, await _action(settings)))
    if settings.alert_rejected_share is not None or settings.alert_backlog_files is not None:
        wanted.append(alert_automation(await _action(settings)))
    made = []
    async with get_client() as client:
        for automation in wanted:
            if not await client.read_automations_by_name(automation.name):
                await client.create_automation(automation)
                made.append(automation.name)
    return made


def crashed_automation() -> AutomationCore:
    """Call a run of ours `Crashed` when three of its heartbeats are missing: its machine or its runner has gone."""
    return AutomationCore(
        name=CRASHED,
        description="Made by longshore serve. The next scheduled run finishes or undoes what the dead one left.",
        trigger=EventTrigger(
            # A run begins to tell that it lives some time after it has begun.
            after={"prefect.flow-run.Running", "prefect.flow-run.heartbeat"},
            expect={
                "prefect.flow-run.heartbeat",
                "prefect.flow-run.Completed",
                "prefect.flow-run.Failed",
                "prefect.flow-run.Cancelled",
                "prefect.flow-run.Crashed",
                "prefect.flow-run.NothingToDo",
                "prefect.flow-run.Skipped",
                "prefect.flow-run.CompletedWithRejects",
            },
            match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
            match_related=ResourceSpecification(
                {"prefect.resource.id": [_TAG], "prefect.resource.role": "tag"},
            ),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=3 * HEARTBEAT_SECONDS),
        ),
        actions=[
            ChangeFlowRunState(
                state=StateType.CRASHED,
                name="Crashed",
                force=False,
                message="Its process has gone without a word. Nothing is lost: the next run goes on from there.",
            )
        ],
    )


def idle_automation(hours: float, action: ActionTypes) -> AutomationCore:
    """Alert when no part was published for the given hours."""
    return AutomationCore(
        name=IDLE,
        description=f"Made by longshore serve: no {PART_PUBLISHED} for {hours:g} h (alert_idle_hours).",
        trigger=EventTrigger(
            expect={PART_PUBLISHED},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(hours=hours),
        ),
        actions=[action],
    )


def alert_automation(action: ActionTypes) -> AutomationCore:
    """Alert when a run says that too much was rejected, or too much waits."""
    return AutomationCore(
        name=ALERTS,
        description="Made by longshore serve (alert_rejected_share, alert_backlog_files).",
        trigger=EventTrigger(expect={ALERT}, posture=Posture.Reactive, threshold=1, within=timedelta(0)),
        actions=[action],
    )


async def _action(settings: Settings) -> ActionTypes:
    if not settings.alert_block:
        return DoNothing()
    kind, _, name = settings.alert_block.partition("/")
    async with get_client() as client:
        found = (
            [block for block in await client.read_block_documents_by_type(kind) if block.name == name]
            if await _has_type(kind)
            else []
        )
    if not found:
        raise SettingsError(
            f"There is no Prefect block {settings.alert_block!r} (alert_block). Make it on the web page under Blocks, "
            "or with `prefect block create`; a name looks like slack-webhook/ops."
        )
    return SendNotification(
        block_document_id=found[0].id,
        subject="Longshore: {{ event.payload.alert | default('nothing was published for too long') }}",
        body="{{ event.payload.detail | default('See the runs of the deployment ingest.') }}",
    )


async def _has_type(kind: str) -> bool:
    async with get_client() as client:
        return any(found.slug == kind for found in await client.read_block_types())
