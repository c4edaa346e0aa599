"""Running servers: settings, trees, sockets and threads."""
