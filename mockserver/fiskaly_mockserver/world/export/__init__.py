"""A whole world as JSON, and back."""
