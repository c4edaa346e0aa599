"""What armed faults do to requests and answers."""
