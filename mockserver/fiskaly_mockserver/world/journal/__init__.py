"""What a client did: exchanges, searches through them, their explanation, their export."""
