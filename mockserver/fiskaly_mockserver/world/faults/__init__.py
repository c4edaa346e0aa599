"""Faults that are armed in a world: their rules, and which requests they strike."""
