"""Landings and warehouses wherever they are: the interface, the choice by address, and object stores.

The local implementations are not here: `storage/landing.py` and `storage/warehouse.py`.
"""
