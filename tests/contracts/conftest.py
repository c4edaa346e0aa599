"""The bundled contract, and a small one that breaks into single keywords."""

from typing import Any, TypeAlias

import pytest
import yaml
from fiskaly_contracts import Checker, Contract

SMALL = """
openapi: 3.0.3
info: {title: small, version: 1.2.3}
servers: [{url: 'https://api.example/base/v7/'}]
security: [{bearer: []}]
paths:
  /things/{thing_id}:
    parameters:
      - {name: thing_id, in: path, required: true, schema: {type: string, pattern: '^[a-z]{3}$'}}
    get:
      operationId: find
      summary: Find things
      security: []
      x-confidence: assumed
      x-source: [A-02, SOMEBODY]
      x-assumptions: [A-01]
      parameters:
        - {$ref: '#/components/parameters/Limit'}
        - {name: offset, in: query, schema: {type: integer}}
        - {name: ratio, in: query, schema: {type: number}}
        - {name: flag, in: query, schema: {type: boolean}}
        - {name: text, in: query, schema: {type: string, minLength: 2}}
        - {name: old, in: query, deprecated: true, allowEmptyValue: true, schema: {type: string}}
        - {name: pin, in: query, schema: {type: integer, maximum: 9, x-secret: true}}
        - name: kinds
          in: query
          schema:
            {type: array, uniqueItems: true, items: {$ref: '#/components/schemas/Kind'}}
        - {name: codes, in: query, explode: false, schema: {type: array, items: {type: integer}}}
        - {name: X-Trace, in: header, schema: {type: string, pattern: '^[0-9]+$'}}
      responses:
        '200':
          description: Found.
          headers:
            X-Count: {required: true, schema: {type: integer, minimum: 0}}
            X-Old: {deprecated: true, schema: {type: string}}
          content: {application/json: {schema: {$ref: '#/components/schemas/Answer'}}}
        '204': {description: Nothing.}
        '5XX': {description: Broken., content: {application/json: {schema: {type: object}}}}
    put:
      operationId: need
      parameters:
        - {name: must, in: query, required: true, schema: {type: string}}
      requestBody: {$ref: '#/components/requestBodies/Optional'}
      responses: {'200': {description: Done.}}
    post:
      operationId: make
      requestBody:
        required: true
        content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}
      responses: {'200': {description: Made.}}
  /shapes:
    post:
      operationId: draw
      requestBody:
        required: true
        content: {application/json: {schema: {$ref: '#/components/schemas/Shape'}}}
      responses: {'200': {description: Drawn.}}
components:
  requestBodies:
    Optional:
      content: {application/json: {schema: {type: object}}}
  parameters:
    Limit:
      name: limit
      in: query
      schema: {type: integer, minimum: 1, maximum: 100, default: 50}
  schemas:
    Kind: {type: string, enum: [test, live, other]}
    Letter: {type: string, enum: [a, b, c, d, e, f, g, h, i, j, k, l, m], example: k}
    Worded: {type: string, pattern: '^x+$', x-expected: some x}
    Thing:
      type: object
      additionalProperties: false
      required: [name, made_at]
      properties:
        name: {type: string, minLength: 3, maxLength: 9}
        made_at: {type: integer, readOnly: true}
        count: {type: integer, minimum: 1, maximum: 5}
        above: {type: number, minimum: 0, exclusiveMinimum: true}
        below: {type: number, maximum: 9, exclusiveMaximum: true}
        step: {type: integer, multipleOf: 5}
        flag: {type: boolean}
        maybe: {type: string, nullable: true}
        kind: {$ref: '#/components/schemas/Kind'}
        letter: {$ref: '#/components/schemas/Letter'}
        code: {type: string, pattern: '^\\d{2}$'}
        worded: {$ref: '#/components/schemas/Worded'}
        id: {type: string, format: uuid}
        mail: {type: string, format: email}
        day: {type: string, format: date}
        moment: {type: string, format: date-time}
        small: {type: integer, format: int32}
        big: {type: integer, format: int64}
        list: {type: array, minItems: 1, maxItems: 2, uniqueItems: true, items: {type: string}}
        map:
          type: object
          minProperties: 1
          maxProperties: 2
          x-key-max-length: 4
          additionalProperties: {type: string, maxLength: 3}
        never: {not: {type: string}}
        secret: {type: string, minLength: 5, x-secret: true}
        password: {type: string, pattern: '^[a-z]+$', format: password}
        hidden:
          x-secret: true
          type: object
          properties: {inner: {type: integer}}
        rule:
          type: object
          properties: {held: {type: boolean}, by: {type: string, minLength: 2}}
          anyOf:
            - {required: [by], properties: {by: {type: string, minLength: 2}}}
            - {properties: {held: {enum: [false]}}}
          x-expected: should name by where held is true
    Answer:
      type: object
      required: [id, pin]
      properties:
        id: {type: string}
        pin: {type: string, writeOnly: true}
    Shape:
      oneOf:
        - {$ref: '#/components/schemas/Circle'}
        - {$ref: '#/components/schemas/Square'}
        - {$ref: '#/components/schemas/Named'}
    Circle:
      type: object
      additionalProperties: false
      required: [kind, radius]
      properties: {kind: {type: string, enum: [circle]}, radius: {type: integer, minimum: 1}}
    Square:
      type: object
      additionalProperties: false
      required: [kind, side]
      properties: {kind: {type: string, enum: [square]}, side: {type: integer, minimum: 1}}
    Named:
      type: object
      additionalProperties: false
      required: [name]
      properties: {name: {type: string}, opaque: {type: object}}
"""

Document: TypeAlias = dict[str, Any]


@pytest.fixture(scope="session")
def small_document() -> Document:
    document: Document = yaml.safe_load(SMALL)
    return document


@pytest.fixture(scope="session")
def small_contract(small_document: Document) -> Contract:
    return Contract.from_document(small_document)


@pytest.fixture(scope="session")
def small(small_contract: Contract) -> Checker:
    return Checker(small_contract)


@pytest.fixture(scope="session")
def contract() -> Contract:
    return Contract.bundled()


@pytest.fixture(scope="session")
def checker(contract: Contract) -> Checker:
    return Checker(contract)
