"""The Management API's state rules, in plain Python.

Nothing here knows HTTP, JSON or a clock of its own: services raise facts
(`fiskaly_mockserver.domain.errors`), take time, ids, secrets and tokens from the
seams in `fiskaly_mockserver.domain.backend`, and keep rows in tables whose
implementation they do not know (`fiskaly_mockserver.domain.store`).

The rules are cited by number:

R1  A main organization is never managed; a managed one has exactly one main
    organization above it and none below.
R2  The first main organization of an account is not made through the API.
R3  A principal sees its own organization; through a main one also those it manages
    and the main ones its organization created, with those they manage. Nobody sees
    upwards.
R4  The principal that created an organization is its one admin; only the admin
    changes or deletes it.
R5  An API key belongs to one organization and one environment; its secret is shown
    once and kept as a hash. A main organization's key administers what it sees, a
    managed one's key only its own keys.
R6  TEST tokens create and see TEST things, LIVE tokens LIVE things.
R7  LIVE needs clearance that comes down from a LIVE main organization.
R8  A further main organization hangs under another by billing only.
R9  Inviting a known e-mail adds it at once, an unknown one is pending for 48 hours;
    the admin cannot be removed.
R10 Billing addresses belong to the caller's own organization; one in use stays.
R11 Names need not be unique; the managing organization never changes.
R12 Metadata is replaced whole.
"""
