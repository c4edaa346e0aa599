"""The compiled check: accepts a good message within microseconds, and never refuses one alone.

What it does not accept, for whatever reason, is a question for `authority`. Only this package
knows jsonschema-rs.
"""
