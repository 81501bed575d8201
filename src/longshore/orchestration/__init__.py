"""The project on Prefect: server, deployments, schedules, reports, events, metrics and alerts.

The flows themselves are files in `flows/`, loaded by path; their work is in the library below.
"""
