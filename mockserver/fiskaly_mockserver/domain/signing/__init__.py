"""SIGN DE's rules: TSS, clients, transactions, exports and what is signed (S1 to S13)."""
