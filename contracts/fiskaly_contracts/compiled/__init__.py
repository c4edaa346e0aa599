"""The check by jsonschema-rs, compiled once for each operation, answer and schema.

It decides within microseconds and says what is wrong within a millisecond.
"""
