"""SIGN DE: its handlers, presenters and errors."""
