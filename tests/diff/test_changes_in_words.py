"""All changes between two small contracts: each once, at its place, in its words."""

from typing import Any

import yaml
from fiskaly_contracts.diff.compare import compare

OLD = """
openapi: 3.0.3
security: [{token: []}]
paths:
  /gone: {get: {operationId: gone, deprecated: true, responses: {}}}
  /same/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    get: {responses: {'200': {description: x}}}
  /things:
    post:
      operationId: make
      parameters:
        - {name: limit, in: query, schema: {type: integer, maximum: 9, default: 5}}
        - {name: Trace, in: header, required: true, schema: {type: string}}
        - {name: order, in: query, schema: {type: string, enum: [up, down]}}
        - {name: must, in: query, required: true, schema: {type: string}}
        - {name: may, in: query, schema: {type: string, default: a}}
      requestBody:
        content:
          text/plain: {schema: {type: string}}
          application/json:
            schema:
              type: object
              required: [a, b, made]
              properties:
                a: {type: string, minLength: 2, maxLength: 9}
                b: {type: array, minItems: 1, items: {properties: {c: {type: number}}}}
                d: {type: string, pattern: x}
                e: {type: integer, multipleOf: 4}
                f: {type: string, format: date}
                made: {type: string, readOnly: true}
                map: {type: object, additionalProperties: {type: string}}
                pet: {oneOf: [{title: Cat, type: object}, {title: Dog, type: string}]}
      responses:
        '200':
          description: x
          headers:
            Count: {required: true, schema: {type: integer}}
            Age: {schema: {type: integer}}
            Way: {schema: {type: string}}
          content:
            application/json:
              schema:
                type: object
                required: [id, gone]
                properties:
                  id: {type: string, nullable: true}
                  gone: {type: string}
                  maybe: {type: string}
                  state: {type: string, enum: [on, off]}
        '204': {description: x}
        '404': {description: x}
        default: {description: x}
  /read:
    get:
      operationId: read
      security: []
      requestBody: {required: true, content: {}}
      responses: {}
"""
NEW = """
openapi: 3.0.3
security: [{token: []}]
paths:
  /new: {get: {operationId: new, responses: {}}}
  /old: {put: {operationId: old, deprecated: true, responses: {}}}
  /same/{name}:
    parameters: [{name: name, in: path, required: true, schema: {type: string}}]
    get: {deprecated: true, responses: {'200': {description: x}}}
  /things:
    post:
      operationId: make
      parameters:
        - {name: limit, in: query, required: true, schema: {type: integer, maximum: 8}}
        - {name: TRACE, in: header, schema: {type: string}}
        - {name: order, in: query, schema: {type: string, enum: [up, side]}}
        - {name: wanted, in: query, required: true, schema: {type: string}}
        - {name: extra, in: cookie, schema: {type: string}}
        - {name: may, in: query, schema: {type: string, default: b}}
      requestBody:
        required: true
        content:
          application/xml: {schema: {type: string}}
          application/json:
            schema:
              type: object
              additionalProperties: false
              required: [b, d, f, g, h]
              properties:
                b: {type: array, items: {properties: {c: {type: integer}}}}
                d: {type: string, pattern: y, minLength: 0}
                e: {type: integer, multipleOf: 2}
                f: {type: string, format: date-time, default: now}
                g: {type: string}
                h: {type: string, default: x}
                i: {type: string}
                map: {type: object, additionalProperties: {type: string, maxLength: 3}}
                pet: {oneOf: [{title: Dog, type: string}, {title: Cow, type: array}]}
      responses:
        '200':
          description: x
          headers:
            count: {schema: {type: string}}
            Age: {required: true, schema: {type: integer}}
            New: {required: true, schema: {type: string}}
            Odd: {schema: {type: string}}
          content:
            application/json:
              schema:
                type: object
                required: [state, new]
                properties:
                  id: {type: string}
                  state: {type: string}
                  new: {type: string}
                  odd: {type: string}
        '201': {description: x}
        '500': {description: x}
  /read:
    get:
      operationId: look
      responses: {}
"""
TOLD = """
warn, gone, operation: the operation, which was deprecated, is gone
info, GET /same/{}, operation: the operation is deprecated
err, make, query/limit: the query parameter limit is required
err, make, query/limit: the default of the query parameter limit became none, not 5
err, make, query/limit: the max of the query parameter limit fell from 9 to 8
info, make, headers/trace: the header parameter trace is optional
err, make, query/order: the query parameter order is no longer down
info, make, query/order: the query parameter order may be side
warn, make, query/must: the query parameter must, which was required, is gone
err, make, query/may: the default of the query parameter may became b, not a
err, make, query/wanted: the query parameter wanted is new and required
info, make, cookie/extra: the cookie parameter extra is new
err, make, body: the body is required
err, make, body: the body is no longer text/plain
err, make, body/a: /a is gone, and is refused where it is sent
info, make, body/b: /b has no min-items any more, which was 1
err, make, body/b/[]/c: the type of /b/[]/c is only integer, not number
err, make, body/d: /d is required
warn, make, body/d: the pattern of /d became y, not x
info, make, body/e: /e has no multiple-of any more, which was 4
info, make, body/f: /f is required, with a default
err, make, body/f: the type of /f became string of format date-time, not string of format date
err, make, body/map/*: /map/* has a max-length: 3
err, make, body/pet: /pet is no longer a Cat
info, make, body/pet: /pet may be a Cow
err, make, body/g: /g is new and required
info, make, body/h: /h is new and required, with a default
info, make, body/i: /i is new
err, make, body: the body takes no other properties
info, make, body: the body may be application/xml
err, make, 200 headers/count: of status 200: the header count may be missing
err, make, 200 headers/count: of status 200: the type of the header count became string, not integer
info, make, 200 headers/age: of status 200: the header age is always there
warn, make, 200 headers/way: of status 200: the header way, which was optional, is gone
info, make, 200 headers/new: of status 200: the header new is new
info, make, 200 headers/odd: of status 200: the header odd is new, and optional
err, make, 200 body/id: of status 200: /id may be missing
info, make, 200 body/id: of status 200: /id is never null
err, make, 200 body/gone: of status 200: /gone is gone
warn, make, 200 body/maybe: of status 200: /maybe, which was optional, is gone
info, make, 200 body/state: of status 200: /state is always there
err, make, 200 body/state: of status 200: /state has no closed list of values any more
info, make, 200 body/new: of status 200: /new is new
info, make, 200 body/odd: of status 200: /odd is new, and optional
err, make, 204 status: of status 204: the status is gone
info, make, 404 status: of status 404: the status is gone
err, make, default status: of status default: the status is gone
info, make, 201 status: of status 201: the status is new
info, make, 500 status: of status 500: the status is new
warn, read, operation: the operationId became look, not read
err, read, operation: the operation needs a token
warn, read, body: there is no body any more
info, new, operation: the operation is new
info, old, operation: the operation is new, and deprecated
"""


def test_every_change_is_told_once_at_its_place() -> None:
    old, new = (yaml.safe_load(text) for text in (OLD, NEW))
    lines = [
        f"{one.level.value}, {one.operation}, {f'{one.status} '.lstrip()}{one.part}{one.pointer}:"
        f" {one.message}"
        for one in compare(old, new)
    ]
    assert lines == TOLD.strip().splitlines()


def test_a_finding_of_a_change_is_as_grave_as_the_change_for_who_is_met_by_it() -> None:
    old, new = (yaml.safe_load(text) for text in (OLD, NEW))
    for one in compare(old, new):
        found: dict[bool, Any] = {used: one.finding(used=used) for used in (True, False)}
        assert found[True].severity.value == ("error" if one.level.value == "err" else "warning")
        assert found[False].severity.value == "warning"
        assert found[True].message == one.message
        assert found[False].message == f"{one.message} (the suite does not call it)"
        assert found[True].status == (int(one.status) if one.status.isdigit() else 0)
