"""HTTPS: which TLS is spoken, by which certificate, and what is wrong with one."""

import socket
import ssl
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from shutil import which

import pytest
import requests
import trustme
from cryptography.hazmat.primitives import serialization
from fiskaly_mockserver import MockServer, ServerConfig
from fiskaly_mockserver.server.config import LoopKind
from fiskaly_mockserver.server.errors import CannotListen, ServerError
from fiskaly_mockserver.web.safety import VENDOR_HOSTS

LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)
FAR_OFF = datetime(2999, 1, 1, tzinfo=UTC)


class Files:
    """Certificates and keys of a CA of the test's, below a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca = trustme.CA()

    def pair(
        self, name: str, not_before: datetime | None = None, not_after: datetime | None = None
    ) -> tuple[Path, Path]:
        leaf = self.ca.issue_cert(
            "localhost", "127.0.0.1", not_before=not_before, not_after=not_after
        )
        cert, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        leaf.cert_chain_pems[0].write_to_path(cert)
        leaf.private_key_pem.write_to_path(key)
        return cert, key

    def encrypted(self, key: Path) -> Path:
        private = serialization.load_pem_private_key(key.read_bytes(), None)
        file = self.folder / "encrypted.key"
        file.write_bytes(
            private.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(b"example"),
            )
        )
        return file


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def health(server: MockServer, ca_file: Path) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(f"{server.control_url}/health", verify=str(ca_file), timeout=60)


@pytest.mark.skipif(which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize(
    ("version", "spoken"),
    [("tls1", False), ("tls1_1", False), ("tls1_2", True), ("tls1_3", True)],
)
def test_tls_is_1_2_or_1_3(version: str, *, spoken: bool) -> None:
    with MockServer(tls=True) as server:
        seen = subprocess.run(
            [
                *("openssl", "s_client", f"-{version}", "-cipher", "ALL:@SECLEVEL=0"),
                *("-connect", f"127.0.0.1:{server.port}", "-servername", "dashboard.fiskaly.com"),
                *("-CAfile", str(server.ca_file), "-verify_return_error"),
                *("-verify_hostname", "dashboard.fiskaly.com"),
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (seen.returncode == 0) is spoken, seen.stderr
    assert ("Cipher is (NONE)" not in seen.stdout) is spoken
    assert not spoken or "Verify return code: 0 (ok)" in seen.stdout


def test_it_serves_https_and_its_addresses_say_so(loop_kind: LoopKind) -> None:
    with MockServer(tls=True, loop=loop_kind) as server:
        assert server.base_url == f"https://127.0.0.1:{server.port}/api/v0"
        assert server.tls_address == ("127.0.0.1", server.port)
        assert server.ca_file is not None
        answer = health(server, server.ca_file)
        assert answer.json()["status"] == "ok"
        assert "Strict-Transport-Security" not in answer.headers


def test_its_certificate_is_for_every_name_that_clients_call_it_by() -> None:
    settings = ServerConfig(port=0, tls=True, allow_hosts=("mock",), intercept=("own.test",))
    with MockServer(settings) as server:
        context = ssl.create_default_context(cafile=server.ca_file)
        for name in (*VENDOR_HOSTS, "mock", "own.test", "localhost", "127.0.0.1", "::1"):
            address = ("127.0.0.1", server.port)
            with (
                socket.create_connection(address, timeout=60) as plain,
                context.wrap_socket(plain, server_hostname=name) as tls,
            ):
                assert tls.version() == "TLSv1.3"


def test_clients_that_are_intercepted_find_tls_beside_plain_http() -> None:
    with MockServer(intercept=("own.test",)) as server:
        assert server.base_url.startswith("http://")
        assert server.tls_address is not None
        assert server.tls_address[1] != server.port
        with requests.Session() as session:
            session.trust_env = False
            session.verify = str(server.ca_file)
            tls = f"https://localhost:{server.tls_address[1]}/_mock/health"
            assert (
                session.get(tls, timeout=60).json()
                == session.get(f"{server.control_url}/health", timeout=60).json()
            )


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            "http://localhost",
            "a client speaks plain HTTP here: its address should begin with https",
        ),
        ("https://localhost", "a client does not trust the certificate: give it the CA, as SSL_"),
    ],
)
def test_what_a_client_does_wrong_in_the_handshake_is_logged(
    loop_kind: LoopKind, caplog: pytest.LogCaptureFixture, asked: str, said: str
) -> None:
    with MockServer(tls=True, loop=loop_kind) as server, requests.Session() as session:
        session.trust_env = False
        with pytest.raises(requests.ConnectionError):
            session.get(f"{asked}:{server.port}/_mock/health", timeout=60)
    assert [one.getMessage()[:60] for one in caplog.records] == [f"TLS: {said}"[:60]]


def test_the_file_of_the_ca_goes_with_the_server_unless_it_was_asked_for(tmp_path: Path) -> None:
    with MockServer(tls=True) as server:
        own = server.ca_file
        assert own is not None
        assert own.parent.stat().st_mode & 0o077 == 0
    assert not own.parent.exists()
    asked = tmp_path / "ca.pem"
    with MockServer(tls=True, ca_file=asked) as server:
        assert server.ca_file == asked
    text = asked.read_text(encoding="ascii")
    assert text.count("BEGIN") == text.count("BEGIN CERTIFICATE") == 1


def test_a_failed_start_leaves_the_file_of_the_server_that_has_the_port(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    with MockServer(tls=True, ca_file=file) as server:
        before = file.read_bytes()
        with pytest.raises(CannotListen, match="is in use"):
            MockServer(tls=True, ca_file=file, port=server.port).start()
        assert file.read_bytes() == before


def test_a_certificate_of_ones_own_is_served(files: Files) -> None:
    cert, key = files.pair("own")
    ca_file = files.folder / "ca.pem"
    files.ca.cert_pem.write_to_path(ca_file)
    with MockServer(tls=True, cert=cert, key=key) as server:
        assert server.ca_file is None
        assert health(server, ca_file).ok


def test_what_is_wrong_with_a_certificate_is_told(files: Files) -> None:
    cert, key = files.pair("own")
    other_key = files.pair("other")[1]
    expired = files.pair("expired", not_after=LONG_AGO)
    early = files.pair("early", not_before=FAR_OFF)
    missing, text = files.folder / "missing", files.folder / "text"
    text.write_text("no PEM")
    for given, said in (
        ((missing, key), f"cert '{missing}' cannot be read: No such file"),
        ((cert, files.folder), f"key '{files.folder}' cannot be read: Is a directory"),
        ((cert, other_key), "the key is not that of the certificate"),
        ((cert, files.encrypted(key)), "encrypted.key' is encrypted: decrypt it first"),
        ((text, key), "one of them holds no PEM of its kind"),
        ((cert, text), "one of them holds no PEM of its kind"),
        (expired, "expired.pem' expired on 2001-01-01"),
        (early, "early.pem' is not valid before 2999-01-01"),
    ):
        with pytest.raises(ServerError) as told:
            MockServer(tls=True, cert=given[0], key=given[1]).start()
        assert said in str(told.value)


def test_a_ca_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    file = tmp_path / "missing" / "ca.pem"
    with pytest.raises(ServerError, match=r"ca.pem' cannot be written: No such file"):
        MockServer(tls=True, ca_file=file).start()


def test_a_host_that_no_certificate_can_hold_is_told() -> None:
    with pytest.raises(ServerError, match="a certificate cannot hold one of the hosts"):
        MockServer(tls=True, allow_hosts=("my_mock",)).start()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"tls": True, "cert": Path("x")}, "cert and key go together"),
        ({"tls": True, "cert": Path("x"), "key": Path("y"), "ca_file": Path("z")}, "ca_file"),
        ({"ca_file": Path("x")}, "of no use without tls"),
    ],
)
def test_files_that_are_of_no_use_are_refused(settings: dict[str, bool | Path], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ServerConfig(**settings)  # type: ignore[arg-type]
