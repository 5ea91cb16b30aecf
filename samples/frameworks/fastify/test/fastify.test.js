'use strict';

const assert = require('node:assert/strict');
const { it } = require('node:test');
const { PassThrough } = require('node:stream');
const fastify = require('fastify');
const { budgetGuard } = require('..');
const { StubGateway } = require('../../express/test/gateway');
const { eventually, memoryLogger } = require('../../express/test/app');

async function startApp(t, options = {}) {
  const gateway = await StubGateway.start();
  const app = fastify();
  const logger = memoryLogger();
  await app.register(budgetGuard, { gatewayUrl: gateway.url, logger, customUserExtractor: (request) => request.headers['x-test-user'], prefix: '/any', ...options });
  const ran = [];
  const route = (path, handler, config = {}) => app.post(path, { config }, (request, reply) => {
    ran.push(path);
    return handler(request, reply);
  });
  route('/work', () => ({ done: true }));
  route('/report', (request) => { request.budgetGuard.reportCost('0.004'); return {}; });
  route('/usage', (request) => { request.budgetGuard.reportUsage('gpt-4o', { total_tokens: 7 }); return {}; });
  route('/fail', () => { throw new Error('broken'); });
  route('/report-and-fail', (request) => { request.budgetGuard.reportCost('0.004'); throw new Error('broken'); });
  route('/free', (request) => ({ handle: request.budgetGuard }), { budget: false });
  route('/health', (request) => ({ ...request.budgetGuard }));
  route('/stream', (request, reply) => {
    const body = new PassThrough();
    body.write('chunk 1\n');
    setImmediate(() => {
      request.budgetGuard.reportCost('0.004');
      body.end('chunk 2\n');
    });
    return reply.type('text/plain').send(body);
  });
  route('/hang', (request, reply) => {
    const body = new PassThrough();
    body.write('started\n');
    return reply.type('text/plain').send(body);
  });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  t.after(async () => {
    app.server.closeAllConnections();
    await app.close();
    await gateway.stop();
  });
  const call = (path, init = {}) => fetch(url + path, { method: 'POST', headers: { 'x-test-user': 'alice' }, ...init });
  return { call, gateway, ran, lines: logger.lines };
}

for (const [path, status, body, outcome] of [
  ['/work', 200, '{"done":true}', 0.01], ['/report', 200, '{}', 0.004], ['/usage', 200, '{}', 0.000007], ['/stream', 200, 'chunk 1\nchunk 2\n', 0.004],
  ['/report-and-fail', 500, null, 0.004], ['/fail', 500, null, 'released'],
]) {
  it(`${path} ends its hold at ${outcome} before its answer is complete`, async (t) => {
    const { call, gateway } = await startApp(t);
    const response = await call(path);
    assert.equal(response.status, status);
    const text = await response.text();
    if (body !== null) assert.equal(text, body);
    assert.deepEqual(gateway.ledger, [outcome]);
  });
}

for (const [mode, status] of [['throttle', 429], ['reject', 402]]) {
  it(`sends a ${mode} on`, async (t) => {
    const { call, gateway, ran } = await startApp(t);
    gateway.mode = mode;
    const response = await call('/work');
    assert.equal(response.status, status);
    assert.equal(response.headers.get('retry-after'), mode === 'throttle' ? '60' : null);
    assert.match(response.headers.get('content-type'), /^application\/json/);
    assert.equal((await response.json()).decision, mode);
    assert.deepEqual(ran, []);
  });
}

it('does not guard what is excluded', async (t) => {
  const { call, gateway } = await startApp(t);
  assert.deepEqual(await (await call('/free')).json(), { handle: null });
  assert.equal((await (await call('/health')).json()).decision, null);
  assert.equal(gateway.calls.length, 0);
});

for (const failOpen of [true, false]) {
  it(`${failOpen ? 'passes' : 'answers 503'} without a gateway`, async (t) => {
    const { call, gateway, lines } = await startApp(t, { failOpen });
    gateway.mode = '500';
    assert.equal((await call('/report')).status, failOpen ? 200 : 503);
    assert.equal(lines.length, 1);
  });
}

it('settles when the client leaves a stream', async (t) => {
  const { call, gateway } = await startApp(t);
  const gone = new AbortController();
  const response = await call('/hang', { signal: gone.signal });
  await response.body.getReader().read();
  gone.abort();
  await eventually(() => gateway.ledger[0] === 0.01, 'settled at the estimate');
});

it('lets ten of a hundred through on money for ten', async (t) => {
  const { call, gateway } = await startApp(t, { timeoutMs: 10_000, cacheDecisions: false });
  const answers = await Promise.all(Array.from({ length: 100 }, () => call('/work')));
  assert.equal(answers.filter((answer) => answer.status === 200).length, 10);
  assert.equal(gateway.ledger.length, 10);
});

it('does not start with a misspelt option', async () => {
  await assert.rejects(async () => fastify().register(budgetGuard, { failOpn: true }), /failOpn: unknown option/);
});

it('is ended by close only after its settlements', async (t) => {
  const gateway = await StubGateway.start();
  t.after(() => gateway.stop());
  const app = fastify();
  await app.register(budgetGuard, { gatewayUrl: gateway.url, logger: memoryLogger() });
  app.get('/', () => 'ok');
  gateway.settleModes = ['503'];
  const response = await app.inject('/');
  assert.equal(response.statusCode, 200);
  await app.close();
  assert.deepEqual(gateway.ledger, [0.01]);
});
