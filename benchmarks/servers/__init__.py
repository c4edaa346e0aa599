"""Servers that are measured beside ours, each run as a module with a port."""
