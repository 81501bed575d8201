"""Longshore."""
