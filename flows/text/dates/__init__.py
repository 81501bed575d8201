"""Dates as people write them at the top of a text, in some hundred languages and six calendars."""
