"""Exports and numbers: reads every room, owns no table, imported by none."""
