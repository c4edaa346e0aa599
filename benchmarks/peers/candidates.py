"""The peers as candidates: how each is started on the contract, its checks on, its log quiet."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.asking import Request
from benchmarks.candidates import Candidate, Missing, Place
from benchmarks.mix import OPERATIONS
from benchmarks.peers import wiremock
from benchmarks.peers.install import PYTHON

HERE = Path(__file__).parent
_GIVEN = ("contract", "answers")


class _Node(Candidate):
    """A peer that runs in Node, from the folder of the npm packages."""

    package: str

    def node(self, place: Place, *script: str) -> list[str]:
        """Return Node with a script of the package's folder."""
        node = shutil.which("node")
        if node is None:
            raise Missing("node is not installed")
        return [node, *script]

    def package_folder(self, place: Place) -> Path:
        """Return where the package stands.

        Raises:
            Missing: It is not installed.
        """
        folder = place.peers / "node_modules" / self.package
        if not folder.is_dir():
            raise Missing(f"{self.package} is not installed; python -m benchmarks.peers install")
        return folder

    def environment(self, place: Place) -> Mapping[str, str]:
        """Return where packages are found, whatever the folder."""
        return {"NODE_PATH": str(place.peers / "node_modules"), "NODE_ENV": "production"}

    def version(self, place: Place) -> str:
        """Return the version that the package says it has."""
        told = json.loads((self.package_folder(place) / "package.json").read_text("utf-8"))
        return str(told["version"])


class Prism(_Node):
    """Prism's static mock server."""

    name = "prism"
    title = "Prism (examples)"
    package = "@stoplight/prism-cli"
    base = ""

    def command(self, place: Place, port: int) -> Sequence[str]:
        """Return the command line."""
        script = self.package_folder(place) / "dist" / "index.js"
        flags = ["--verboseLevel", "silent", "--host", "127.0.0.1", "--port", str(port)]
        return self.node(place, str(script), "mock", *flags, "contract.json")


class OpenapiBackend(_Node):
    """openapi-backend with handlers over a map."""

    name = "openapi-backend"
    title = "openapi-backend (state in a map)"
    package = "openapi-backend"

    def command(self, place: Place, port: int) -> Sequence[str]:
        """Return the command line."""
        self.package_folder(place)
        return self.node(place, str(HERE / "openapi_backend.js"), str(port))

    def reset(self) -> Sequence[Request]:
        """Return the script's own route."""
        return [Request(method="POST", path="/reset")]


class Wiremock(_Node):
    """WireMock with fixed stubs, bodies matched by JSON schema."""

    name = "wiremock"
    title = "WireMock (stubs, JSON schema)"
    package = "wiremock"

    def command(self, place: Place, port: int) -> Sequence[str]:
        """Write the stubs and return the command line."""
        java = shutil.which("java")
        if java is None:
            raise Missing("java is not installed")
        jars = sorted((self.package_folder(place) / "build").glob("*.jar"))
        root = place.folder / "wiremock"
        (root / "mappings").mkdir(parents=True, exist_ok=True)
        read = [json.loads((place.folder / f"{name}.json").read_text("utf-8")) for name in _GIVEN]
        stubs = json.dumps(wiremock.mappings(*read))
        (root / "mappings" / "mix.json").write_text(stubs, encoding="utf-8")
        return [
            *(java, "-jar", str(jars[0]), "--port", str(port), "--bind-address", "127.0.0.1"),
            *("--root-dir", str(root), "--no-request-journal", "--disable-banner"),
        ]


class Mockoon(_Node):
    """Mockoon's command line server; it checks nothing."""

    name = "mockoon"
    title = "Mockoon (checks nothing)"
    package = "@mockoon/cli"

    def command(self, place: Place, port: int) -> Sequence[str]:
        """Write the contract with examples where it looks for them; return the command line."""
        script = self.package_folder(place) / "bin" / "run.js"
        contract = json.loads((place.folder / "contract.json").read_text("utf-8"))
        for path, method in OPERATIONS.values():
            content = contract["paths"][path][method]["responses"]["200"]["content"]
            media = content["application/json"]
            media["schema"] = {"type": "object", "example": media["examples"]["measured"]["value"]}
        (place.folder / "mockoon.json").write_text(json.dumps(contract), encoding="utf-8")
        flags = ["--hostname", "127.0.0.1", "--port", str(port), "--disable-log-to-file"]
        quiet = ["--disable-admin-api", "--max-transaction-logs", "0"]
        return self.node(place, str(script), "start", "--data", "mockoon.json", *flags, *quiet)


class Connexion(Candidate):
    """connexion's mock resolver under uvicorn."""

    name = "connexion"
    title = "connexion (mock, uvicorn)"

    def command(self, place: Place, port: int) -> Sequence[str]:
        """Write the contract with a token check that it can call; return the command line."""
        contract = json.loads((place.folder / "contract.json").read_text("utf-8"))
        check = "connexion_server.bearer"
        for scheme in contract["components"]["securitySchemes"].values():
            scheme["x-bearerInfoFunc"] = check
        folder = place.folder / "connexion"
        folder.mkdir(exist_ok=True)
        (folder / "contract.json").write_text(json.dumps(contract), encoding="utf-8")
        return [python_of(place, "connexion"), str(HERE / "connexion_server.py"), str(port)]

    def version(self, place: Place) -> str:
        """Return the version that was installed."""
        return next(iter(PYTHON["connexion"].values()))


def python_of(place: Place, peer: str) -> str:
    """Return the interpreter of a peer's environment.

    Raises:
        Missing: It is not installed.
    """
    found = place.peers / peer / "bin" / "python"
    if not found.exists():
        raise Missing(f"{peer} is not installed; python -m benchmarks.peers install")
    return str(found)
