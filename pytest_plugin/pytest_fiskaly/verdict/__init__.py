"""What is held against a test: gathered, reported, and what becomes of it."""
