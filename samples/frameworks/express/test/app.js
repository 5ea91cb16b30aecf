'use strict';

const { once } = require('node:events');
const { setTimeout: delay } = require('node:timers/promises');
const { createBudgetMiddleware } = require('..');
const { StubGateway } = require('./gateway');

/** Lines instead of a console. */
function memoryLogger() {
  const lines = [];
  const write = (level) => (message) => lines.push(`${level} ${message}`);
  return { lines, error: write('error'), warn: write('warn'), info: write('info'), debug: write('debug') };
}

/** A stub gateway and an app that is guarded by it; both end with the test. `routes(app, guard)` adds handlers behind the guard. */
async function startApp(t, version, { options = {}, limit, routes = () => {}, before = () => {}, mount } = {}) {
  const express = require(`express${version}`);
  const gateway = await StubGateway.start(limit);
  const logger = memoryLogger();
  const guard = createBudgetMiddleware({
    gatewayUrl: gateway.url, logger,
    customUserExtractor: (req) => req.get('x-test-user'), customCostExtractor: (req) => req.get('x-test-estimate'),
    ...options,
  });
  const app = express();
  app.set('env', 'test'); // the framework's own error page, without its line on the console
  before(app);
  if (mount) app.use(mount, guard);
  else app.use(guard);
  const ran = [];
  const handler = (work) => async (req, res, next) => {
    ran.push(req.originalUrl);
    try {
      await work(req, res, next);
    } catch (error) {
      next(error);
    }
  };
  routes(app, handler, guard);
  app.all('/api/work', handler((req, res) => res.json({ done: true })));
  app.use(handler((req, res) => res.json({ other: true })));
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    server.closeAllConnections();
    server.close();
    if (gateway.mode === 'hang') gateway.server.closeAllConnections(); // ends what still asks in the background
    await guard.drain();
    await gateway.stop();
  });
  const url = `http://127.0.0.1:${server.address().port}`;
  const call = (path = '/api/work', { headers = {}, ...init } = {}) =>
    fetch(url + path, { method: 'POST', ...init, headers: { 'x-test-user': 'alice', ...headers } });
  return { url, call, gateway, guard, lines: logger.lines, ran };
}

/** Waits for what must come true, and fails when it does not within a bound. */
async function eventually(condition, what) {
  for (const end = Date.now() + 5000; Date.now() < end; await delay(5)) {
    if (condition()) return;
  }
  throw new Error(`never: ${what}`);
}

module.exports = { startApp, eventually, memoryLogger };
