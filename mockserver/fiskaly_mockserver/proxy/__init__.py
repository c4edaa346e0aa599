"""What stands between clients and the real hosts."""
