"""The handlers of control calls, imported with the first call: a start can do without them."""

from collections.abc import Iterator, Mapping

from fiskaly_mockserver.web.controls.call import ControlHandler


class LaterHandlers(Mapping[str, ControlHandler]):
    """The same as `CONTROL_HANDLERS`, which is not imported before somebody looks."""

    def __getitem__(self, operation_id: str) -> ControlHandler:
        """Return the handler of an operation."""
        return self._all()[operation_id]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the operationIds."""
        return iter(self._all())

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._all())

    def _all(self) -> Mapping[str, ControlHandler]:
        from fiskaly_mockserver.web.controls.handlers import (  # noqa: PLC0415 - see above
            CONTROL_HANDLERS,
        )

        return CONTROL_HANDLERS
