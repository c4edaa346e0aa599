"""One test that does nothing: what a start costs."""


def test_nothing() -> None:
    """Do nothing."""
