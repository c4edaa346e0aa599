"""Tables: a base that worlds share, and each world's own changes on top."""
