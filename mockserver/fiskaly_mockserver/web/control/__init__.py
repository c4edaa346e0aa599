"""The control routes: what a test suite asks of the fake itself, under `/_mock`."""
