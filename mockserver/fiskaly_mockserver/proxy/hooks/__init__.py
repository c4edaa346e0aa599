"""What runs inside of clients whose calls are intercepted: standard library only, a copy each."""
