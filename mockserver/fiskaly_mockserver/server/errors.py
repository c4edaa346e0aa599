"""Mistakes of whoever runs a server."""


class ServerError(Exception):
    """The server cannot do what it was told; the message says why and what helps."""


class CannotListen(ServerError):
    """The address is in use, not of this machine, or not allowed."""


class DefectiveServer(AssertionError):
    """The fake itself crashed or broke its own contract; the message tells where."""
