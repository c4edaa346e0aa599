"""All peers, in the order of the tables."""

from collections.abc import Sequence

from benchmarks.candidates import Candidate
from benchmarks.peers.candidates import Connexion, Mockoon, OpenapiBackend, Prism, Wiremock
from benchmarks.peers.moto import Moto

PEERS: Sequence[type[Candidate]] = (Prism, OpenapiBackend, Wiremock, Connexion, Mockoon, Moto)
