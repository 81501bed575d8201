"""Prefect's handler for a terminal, without runs that found nothing to do."""

from prefect.logging.handlers import PrefectConsoleHandler

from longshore.orchestration.logs import NewsOnly


class QuietConsole(NewsOnly, PrefectConsoleHandler):
    """Prints what Prefect's own handler prints, but for runs that found nothing to do."""
