// openapi-backend over Node's own http: the contract's checks, a bearer token asked for, and the
// organizations in a map. Run in a folder with contract.json and answers.json; argument: the port.
'use strict';
const http = require('node:http');
const fs = require('node:fs');
const { randomUUID } = require('node:crypto');
const { OpenAPIBackend } = require('openapi-backend');

const answers = JSON.parse(fs.readFileSync('answers.json', 'utf8'));
let rows;
const reset = () => { rows = new Map(answers.listOrganizations.data.map((row) => [row._id, row])); };
reset();

const api = new OpenAPIBackend({
  definition: JSON.parse(fs.readFileSync('contract.json', 'utf8')),
  apiRoot: '/api/v0',
  validate: true,
  quick: true,
  ajvOpts: { strict: false, logger: false },
  handlers: {
    authenticate: () => [200, answers.authenticate],
    retrieveOrganization: (c) => {
      const row = rows.get(c.request.params.organization_id);
      return row ? [200, row] : [404, { status_code: 404, error: 'Not Found' }];
    },
    listOrganizations: (c) => {
      const data = [];
      for (const row of rows.values()) {
        if (data.length >= Number(c.request.query.limit)) break;
        data.push(row);
      }
      return [200, { data, count: rows.size, _type: 'ORGANIZATION_LIST' }];
    },
    createOrganization: (c) => {
      const row = { _id: randomUUID(), _type: 'MANAGED_ORGANIZATION', _envs: ['TEST'], ...c.request.requestBody };
      rows.set(row._id, row);
      return [200, row];
    },
    unauthorizedHandler: () => [401, { status_code: 401, error: 'Unauthorized' }],
    validationFail: (c) => [400, { status_code: 400, error: 'Bad Request', message: c.validation.errors }],
    notFound: () => [404, { status_code: 404, error: 'Not Found' }],
    notImplemented: () => [501, { status_code: 501, error: 'Not Implemented' }],
  },
  securityHandlers: {
    bearerAuth: (c) => /^Bearer .+/.test(c.request.headers.authorization || ''),
  },
});

api.init().then(() => {
  http.createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', async () => {
      if (request.url === '/reset') {
        reset();
        response.writeHead(200);
        response.end();
        return;
      }
      const [path, query] = request.url.split('?');
      const [status, body] = await api.handleRequest({
        method: request.method,
        path,
        query: query || '',
        body: parts.length ? Buffer.concat(parts).toString('utf8') : undefined,
        headers: request.headers,
      });
      response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8' });
      response.end(JSON.stringify(body));
    });
  }).listen(Number(process.argv[2]), '127.0.0.1');
});
