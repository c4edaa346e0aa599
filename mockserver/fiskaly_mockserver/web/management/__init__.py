"""The Management API: its handlers, presenters and errors."""
