"""connexion's mock server on `connexion/contract.json`, with the port as argument.

It runs in an environment of its own, which has connexion and not this project.
"""

import sys
from pathlib import Path


def bearer(token: str) -> dict[str, str] | None:
    """Let every token in, as a mock does."""
    return {"sub": "anyone"} if token else None


def main() -> None:
    """Serve until SIGTERM."""
    import uvicorn  # type: ignore[import-not-found,unused-ignore] # noqa: PLC0415
    from connexion import AsyncApp  # type: ignore[import-not-found,unused-ignore] # noqa: PLC0415
    from connexion.mock import (  # type: ignore[import-not-found,unused-ignore] # noqa: PLC0415
        MockResolver,
    )

    app = AsyncApp("measured", specification_dir=str(Path("connexion").resolve()))
    app.add_api("contract.json", resolver=MockResolver(mock_all=True))
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
