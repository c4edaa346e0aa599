"""Test suites that are timed. They are copied into a folder of their own before they run."""
