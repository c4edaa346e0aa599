"""From requests and answers to exchanges without secrets."""
