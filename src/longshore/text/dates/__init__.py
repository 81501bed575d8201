"""Dates on header lines: words, numbers, calendars, and which day is meant.

Where a header begins and ends is `text/header.py`.
"""
