"""HTTP: routes from the contract, the way of a request, and what goes over the wire."""
