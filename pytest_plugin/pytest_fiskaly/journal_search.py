"""Looking through the journal of a server in this process, and never giving a wrong number."""

from collections.abc import Sequence

from fiskaly_mockserver import MockServer
from fiskaly_mockserver.control.client import ControlRefused
from fiskaly_mockserver.control.shapes import JournalQuery
from fiskaly_mockserver.world.journal.exchange import Exchange

from pytest_fiskaly import journal_words as words
from pytest_fiskaly.journal_criteria import Criteria
from pytest_fiskaly.journal_fields import BadCriterion
from pytest_fiskaly.journal_words import Found

_CONFLICT = 409


class JournalOverflow(AssertionError):
    """The journal had to drop calls that may be the ones that are looked for."""


def search(server: MockServer, criteria: Criteria) -> Found:
    """Return what of the journal matches and what does not.

    Raises:
        BadCriterion: The criteria hang on something that the journal does not keep, or
            `since` names no call.
    """
    __tracebackhide__ = True
    matching, others = list[Exchange](), []
    for exchange in _later(server, server.journal, criteria.since):
        unlike = criteria.differences(exchange)
        if unlike:
            others.append((exchange, unlike))
        else:
            matching.append(exchange)
    found = Found(criteria, matching, others)
    if found.uncertain:
        raise BadCriterion(words.of_uncertainty(found))
    return found


def demand_all(server: MockServer, found: Found) -> None:
    """Demand that nothing was dropped which may have been looked for.

    Raises:
        JournalOverflow: Something was.
    """
    __tracebackhide__ = True
    reason = _dropped(server, found.criteria)
    if reason:
        raise JournalOverflow(words.of_overflow(found, reason))


def _later(
    server: MockServer, exchanges: Sequence[Exchange], since: str | None
) -> Sequence[Exchange]:
    __tracebackhide__ = True
    if since is None:
        return exchanges
    for index, exchange in enumerate(exchanges):
        if exchange.request_id == since:
            return exchanges[index + 1 :]
    try:
        server.control.count({"since": since})
    except ControlRefused as refused:
        if refused.status != _CONFLICT:
            raise BadCriterion(f"since: {refused}") from None
    return exchanges  # that call was dropped, so that all that is left is later


def _dropped(server: MockServer, criteria: Criteria) -> str:
    """Return why calls of that kind cannot be counted; "" where they can."""
    __tracebackhide__ = True
    query = JournalQuery()
    if criteria.operation is not None:
        query["operation"] = criteria.operation
    if criteria.method is not None:
        query["method"] = criteria.method
    if criteria.status is not None:
        query["status"] = criteria.status
    if criteria.since is not None:
        query["since"] = criteria.since
    try:
        server.control.count(query)
    except ControlRefused as refused:
        if refused.status != _CONFLICT:
            raise BadCriterion(str(refused)) from None
        return str(refused)
    return ""
