"""Recorded exchanges: reading and writing HTTP archives (HAR 1.2), and taking secrets out."""
