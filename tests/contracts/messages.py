"""Requests and responses of one contract, good and spoiled, the same for the same seed."""

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from random import Random
from typing import Any

from contracts.broken_values import broken
from contracts.odd_values import BODIES, MEDIA_TYPES, PARAMETERS
from contracts.valid_values import Maker
from fiskaly_contracts import Contract, Operation, RequestData, ResponseData, Where
from fiskaly_contracts.document import declared_response
from fiskaly_contracts.fields import resolve

JSON = "application/json"


class Messages:
    """Makes messages for the operations of one contract, and values for its schemas."""

    def __init__(self, contract: Contract, seed: str) -> None:
        self._document = contract.document
        self._random = Random(seed)
        self._maker = Maker(contract.document, self._random)

    def values(self, schema: Mapping[str, Any], odd: int = 6) -> Iterator[Any]:
        """Yield values without end: a valid one, it broken in each place, and again."""
        while True:
            value = self._maker.value(schema)
            yield value
            wrong = list(broken(self._document, schema, value, self._random, odd))
            self._random.shuffle(wrong)
            yield from wrong[:200]
            for _ in range(20):
                base = self._random.choice(wrong)
                twice = list(broken(self._document, schema, base, self._random, 1))
                yield self._random.choice(twice)

    def _good_request(self, operation: Operation) -> RequestData:
        path, headers = {}, {}
        query: list[tuple[str, str]] = []
        for parameter in operation.parameters:
            value = self._maker.value(parameter.schema)
            texts = [_text(item) for item in (value if isinstance(value, list) else [value])]
            if parameter.is_array and not parameter.explode:
                texts = [",".join(texts)]
            if parameter.where is Where.PATH:
                path[parameter.name] = texts[0]
            elif parameter.required or self._random.random() < 0.5:
                if parameter.where is Where.HEADER:
                    headers[parameter.name] = texts[0]
                else:
                    query += [(parameter.name, text) for text in texts]
        self._random.shuffle(query)
        body = b""
        if operation.has_body and (operation.body_required or self._random.random() < 0.8):
            body = _written(self._maker.value(operation.body_schema), self._random)
        return RequestData(
            operation_id=operation.operation_id,
            path_parameters=path,
            query=tuple(query),
            headers=headers,
            content_type=JSON if body else "",
            body=body,
        )

    def requests(self, operation: Operation, odd: int) -> Iterator[RequestData]:
        """Yield requests without end: a good one, it spoiled in each part, and again."""
        while True:
            good = self._good_request(operation)
            yield good
            bodies = (
                self._bodies(operation.body_schema, odd) if operation.has_body else iter([b"{}"])
            )
            yield from _in_turn(
                self._queries(operation, good, odd),
                self._paths(operation, good, odd),
                self._headers(operation, good, odd),
                (good._replace(body=body, content_type=JSON) for body in bodies),
                (
                    good._replace(content_type=kind)
                    for kind in self._random.sample(MEDIA_TYPES, len(MEDIA_TYPES))
                    if operation.has_body
                ),
            )

    def _queries(self, operation: Operation, good: RequestData, odd: int) -> Iterator[RequestData]:
        declared = [p for p in operation.parameters if p.where is Where.QUERY]
        for parameter in declared:
            name = parameter.name
            rest = tuple(pair for pair in good.query if pair[0] != name)
            yield good._replace(query=rest)
            fitting = [_text(value) for value in _numbers_around(parameter.schema)]
            fitting += [_text(self._maker.value(parameter.items or parameter.schema))]
            for text in (*fitting, *self._random.sample(PARAMETERS, odd)):
                yield good._replace(query=(*rest, (name, text)))
            for text in self._random.sample(PARAMETERS, 3):
                again = _text(self._maker.value(parameter.items or parameter.schema))
                yield good._replace(query=(*rest, (name, again), (name, text)))
                yield good._replace(query=(*rest, (name, again), ("x", "y"), (name, again)))
                yield good._replace(query=(*rest, (name, f"{again},{text}")))
            yield good._replace(query=(*rest, (name.upper(), "x"), (f"{name}[]", "1")))
        for name in self._random.sample(PARAMETERS, 3):
            yield good._replace(query=(*good.query, (name, "x"), (name, "x")))

    def _paths(self, operation: Operation, good: RequestData, odd: int) -> Iterator[RequestData]:
        for parameter in operation.parameters:
            if parameter.where is Where.PATH:
                sent = good.path_parameters
                valid = sent[parameter.name]
                for text in (*self._random.sample(PARAMETERS, odd), valid + "\n", valid.upper()):
                    yield good._replace(path_parameters={**sent, parameter.name: text})
                rest = {name: text for name, text in sent.items() if name != parameter.name}
                yield good._replace(path_parameters=rest)

    def _headers(self, operation: Operation, good: RequestData, odd: int) -> Iterator[RequestData]:
        for parameter in operation.parameters:
            if parameter.where is Where.HEADER:
                name = parameter.name
                yield good._replace(headers={})
                valid = _text(self._maker.value(parameter.schema))
                for text in (*self._random.sample(PARAMETERS, odd), valid, valid + "\n"):
                    yield good._replace(headers={name.lower(): text})
                yield good._replace(headers={name: valid, name.upper(): "\n"})
                yield good._replace(headers={name: "\n", name.upper(): valid})

    def _bodies(self, schema: Mapping[str, Any], odd: int) -> Iterator[bytes]:
        valid = _written(self._maker.value(schema), self._random)
        values = (_written(value, self._random) for value in self.values(schema, odd))
        text = valid.decode()
        spoiled = (
            text.replace(":", ': NaN, "x":', 1).encode(),
            text.replace("{", '{"name": 1, ', 1).encode(),
            text[:-1].encode(),
            (text + "x").encode(),
            (" " + text + "\r\n").encode(),
            b"\xef\xbb\xbf" + valid,
            text.encode("utf-16"),
            text.replace('"', '"\\ud800', 1).encode(),
            valid.replace(b'"', b'"\xff', 1),
        )
        yield from islice(
            _in_turn(iter(spoiled), iter(self._random.sample(BODIES, len(BODIES))), values), 600
        )

    def responses(self, operation: Operation, status: int, odd: int) -> Iterator[ResponseData]:
        """Yield responses without end, as `requests` does."""
        declared = declared_response(self._document, operation, status) or {}
        schema = declared.get("content", {}).get(JSON, {}).get("schema", {})
        headers = {
            name: resolve(self._document, header).get("schema", {})
            for name, header in declared.get("headers", {}).items()
        }
        while True:
            sent = {name: _text(self._maker.value(header)) for name, header in headers.items()}
            body = b""
            if "content" in declared:
                body = _written(self._maker.value(schema), self._random)
            good = ResponseData(
                operation_id=operation.operation_id,
                status=status,
                content_type=JSON,
                body=body,
                headers=sent,
            )
            yield good
            yield good._replace(headers=None)
            yield from _in_turn(
                (good._replace(body=body) for body in self._bodies(schema, odd)),
                self._answered_headers(good, headers, odd),
                (good._replace(content_type=kind) for kind in MEDIA_TYPES),
            )

    def _answered_headers(
        self, good: ResponseData, headers: Mapping[str, Mapping[str, Any]], odd: int
    ) -> Iterator[ResponseData]:
        sent = good.headers or {}
        for name in headers:
            rest = {key: text for key, text in sent.items() if key != name}
            yield good._replace(headers=rest)
            yield good._replace(headers={**rest, name.lower(): sent[name], "Vary": "x"})
            yield good._replace(headers={**sent, name.upper(): "\n"})
            for text in (*self._random.sample(PARAMETERS, odd), sent[name] + "\n"):
                yield good._replace(headers={**sent, name: text})


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _written(value: Any, random: Random) -> bytes:
    return json.dumps(value, ensure_ascii=random.random() < 0.5).encode()


def _numbers_around(schema: Mapping[str, Any]) -> list[Any]:
    found = [schema[key] for key in ("minimum", "maximum") if key in schema]
    return [n for limit in found for n in (limit - 1, limit, limit + 1, float(limit))]


def _in_turn(*sources: Iterator[Any]) -> Iterator[Any]:
    waiting = list(sources)
    while waiting:
        for source in [*waiting]:
            found = next(source, waiting)
            if found is waiting:
                waiting.remove(source)
            else:
                yield found
