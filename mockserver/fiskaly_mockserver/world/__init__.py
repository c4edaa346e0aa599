"""Worlds: the rows of an account and everything else that a reset brings back."""
