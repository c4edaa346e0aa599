"""SIGN DE's rules, in plain Python: TSS, clients, transactions, exports and what is signed.

Refusals and tests cite them by number:

S1  A TSS belongs to the organization and environment of the token that made it; only their
    API keys see it.
S2  A TSS goes from CREATED to UNINITIALIZED, INITIALIZED and DISABLED, and from UNINITIALIZED
    to DISABLED; at most five are active in TEST.
S3  The PUK sets and unblocks the admin PIN; five wrong PINs block it. Admin operations need
    an admin session of the same API key on the TSS.
S4  A client's id is unique in the whole system, its serial number in the TSS; 199 may be
    registered; a disabled TSS has none.
S5  Revisions count 1, 2, 3; only the latest one may be repeated with the same body. A
    transaction is ACTIVE until it is FINISHED or CANCELLED.
S8  Raw process data must be base64; it is not looked at otherwise.
S9  An export needs an INITIALIZED or DISABLED TSS and is done at the next look.
S13 An organization is not deleted while it has a TSS that is not disabled.
"""
