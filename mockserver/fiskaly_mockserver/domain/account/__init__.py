"""The Management API's rules: organizations, API keys, users, sessions, billing (R1 to R14)."""
