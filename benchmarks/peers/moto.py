"""moto's fake of AWS Organizations, the nearest it has to our mix: accounts for organizations."""

import json
from collections.abc import Mapping, Sequence

from benchmarks.asking import Request, ask
from benchmarks.candidates import Candidate, Place
from benchmarks.mix import PAGE, SIZE, Kind, Requests
from benchmarks.peers.candidates import python_of
from benchmarks.peers.install import PYTHON

SERVICE = "AWSOrganizationsV20161128"
SIGNED = ["AWS4-HMAC-SHA256 Credential=any", "20260101", "eu-central-1", "organizations"]
"""What the server finds the service by; it verifies no signature."""


class Moto(Candidate):
    """moto_server on a mix of its own: DescribeAccount, ListAccounts, CreateAccount."""

    name = "moto"
    title = "moto (own mix: accounts of AWS Organizations)"

    def command(self, place: Place, port: int) -> Sequence[str]:
        """Return the command line."""
        python = python_of(place, "moto")
        return [python, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]

    def environment(self, place: Place) -> Mapping[str, str]:
        """Return nothing of the caller's import path."""
        return {"PYTHONPATH": ""}

    def version(self, place: Place) -> str:
        """Return the version that was installed."""
        return next(iter(PYTHON["moto"].values()))

    def login(self, place: Place) -> Request:
        """Return the request that makes the organization all accounts are in."""
        return _request("CreateOrganization", {"FeatureSet": "ALL"})

    def requests(self, place: Place, port: int, session: Mapping[str, str]) -> Requests:
        """Return the mix, over accounts that are made here."""
        ids = []
        for number in range(SIZE):
            made = ask(port, self._create(number)).value["CreateAccountStatus"]
            ids.append(made["AccountId"])
        return {
            Kind.RETRIEVE: [_request("DescribeAccount", {"AccountId": one}) for one in ids[:PAGE]],
            Kind.LIST: [_request("ListAccounts", {"MaxResults": PAGE})],
            Kind.CREATE: [self._create(SIZE)],
        }

    def complaint(self, kind: Kind, value: object) -> str:
        """Say what is wrong with the JSON of a 200."""
        if not isinstance(value, dict):
            return "no JSON object"
        if kind is Kind.LIST:
            return "" if len(value.get("Accounts", ())) == PAGE else f"not {PAGE} accounts"
        wanted = "Account" if kind is Kind.RETRIEVE else "CreateAccountStatus"
        return "" if wanted in value else f"lacks {wanted}"

    def refuses(self, create: Request) -> Request | None:
        """Return nothing: it has another contract."""
        return None

    def _create(self, number: int) -> Request:
        body = {"AccountName": f"Account {number}", "Email": f"account-{number}@shop.example"}
        return _request("CreateAccount", body)


def _request(action: str, body: Mapping[str, object]) -> Request:
    headers = {
        "X-Amz-Target": f"{SERVICE}.{action}",
        "Content-Type": "application/x-amz-json-1.1",
        "Authorization": f"{'/'.join(SIGNED)}/aws4_request, SignedHeaders=host, Signature=none",
    }
    return Request(method="POST", path="/", headers=headers, body=json.dumps(body))
