"""The project as a service: schedules and runs on Prefect, reports on its web page, metrics, alerts."""
