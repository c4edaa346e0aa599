"""The clients with hard-coded hosts that the tests run, and the table of them in the guide."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from shutil import which

FOLDER = Path(__file__).parent / "clients"


@dataclass(frozen=True, slots=True)
class Client:
    """A client in some language.

    Attributes:
        language: Its language or command.
        library: What it calls by.
        file: Its program.
        runner: What runs that.
        led: What leads it to the server.
        trusts: What makes it trust the CA.
    """

    language: str
    library: str
    file: str
    runner: tuple[str, ...]
    led: str
    trusts: str

    @property
    def command(self) -> tuple[str, ...]:
        """What to run."""
        return (*self.runner, str(FOLDER / self.file), *filter(None, [self.library.lower()]))

    @property
    def missing(self) -> str:
        """What it lacks on this machine, `""` if nothing."""
        program = which(self.language) if self.language in {"curl", "wget"} else True
        if which(self.runner[0]) is None or not program:
            return f"{self.language} is not installed"
        if self.language == "Python" and find_spec(self.library) is None:
            return f"{self.library} is not installed"
        return ""


PROXY, CURL_CA = "`https_proxy`", "`CURL_CA_BUNDLE`"
CERT_FILE, REQUESTS = "`SSL_CERT_FILE`", "`REQUESTS_CA_BUNDLE`"
SITE, INI = "`sitecustomize` on `PYTHONPATH`", "`PHP_INI_SCAN_DIR`"
HOOK, EXTRA = "`--require` in `NODE_OPTIONS`", "`NODE_EXTRA_CA_CERTS`"
JVM = "`JAVA_TOOL_OPTIONS`"
CLIENTS = (
    Client("curl", "curl", "shell_client.sh", ("sh",), PROXY, CURL_CA),
    Client("wget", "wget", "shell_client.sh", ("sh",), PROXY, "`WGETRC`"),
    Client("Python", "urllib", "python_client.py", (sys.executable,), PROXY, CERT_FILE),
    Client("Python", "requests", "python_client.py", (sys.executable,), PROXY, REQUESTS),
    Client("Python", "httpx", "python_client.py", (sys.executable,), PROXY, CERT_FILE),
    Client("Python", "aiohttp", "python_client.py", (sys.executable,), SITE, CERT_FILE),
    Client("Node", "fetch", "node_client.cjs", ("node",), HOOK, EXTRA),
    Client("Node", "https", "node_client.cjs", ("node",), HOOK, EXTRA),
    Client("PHP", "curl", "php_client.php", ("php",), PROXY, INI),
    Client("PHP", "streams", "php_client.php", ("php",), f"`auto_prepend_file` by {INI}", INI),
    Client("Java", "HttpClient", "JavaClient.java", ("java",), JVM, JVM),
    Client("Ruby", "Net::HTTP", "ruby_client.rb", ("ruby",), "`http_proxy`", CERT_FILE),
    Client("Go", "net/http", "go_client.go", ("go", "run"), PROXY, CERT_FILE),
)


def table() -> str:
    """Return the table of the guide, in Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "| language | client | is led here by | trusts by |"
    yield "|---|---|---|---|"
    for one in CLIENTS:
        yield f"| {one.language} | {one.library} | {one.led} | {one.trusts} |"
