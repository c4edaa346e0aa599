"""Control of a running server: one typed interface, in process or over HTTP."""
