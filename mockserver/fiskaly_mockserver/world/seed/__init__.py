"""The rows and credentials that a world starts with."""
