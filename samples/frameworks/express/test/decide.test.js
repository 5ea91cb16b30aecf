'use strict';

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');
const { createBudgetMiddleware } = require('..');
const { startApp, eventually } = require('./app');

for (const version of [4, 5]) {
  describe(`Express ${version} decides`, () => {
    it('lets through what fits, and holds its estimate to the digit', async (t) => {
      const { call, gateway, guard } = await startApp(t, version);
      const response = await call('/api/work', { headers: { 'x-test-estimate': '0.004' } });
      assert.equal(response.status, 200);
      assert.deepEqual(await response.json(), { done: true });
      const [{ text }] = gateway.calls;
      assert.match(text, /"estimated_cost":0\.004[,}]/);
      assert.match(JSON.parse(text).id, /^[0-9a-f]{8}-[0-9a-f-]{27}$/);
      assert.equal(JSON.parse(text).user, 'alice');
      await guard.drain();
      assert.deepEqual(gateway.ledger, [0.004]);
    });

    it('says anonymous where there is no user, and leaves the cost to the gateway', async (t) => {
      const { call, gateway } = await startApp(t, version, { options: { customUserExtractor: () => null } });
      await call('/api/work', { headers: { 'x-user-id': 'mallory' } });
      const { id, ...rest } = JSON.parse(gateway.calls[0].text);
      assert.ok(id);
      assert.deepEqual(rest, { user: 'anonymous' });
    });

    it('sends the key, the team, the operation and the model', async (t) => {
      const { call, gateway } = await startApp(t, version, {
        options: {
          apiKey: 'secret', customUserExtractor: async () => ({ user: 7, team: 'red' }), customOperationExtractor: () => 'chat', customModelExtractor: () => 'gpt-4o',
        },
      });
      await call();
      assert.equal(gateway.calls[0].headers.authorization, 'Bearer secret');
      const { id, ...rest } = JSON.parse(gateway.calls[0].text);
      assert.deepEqual(rest, { user: '7', team: 'red', operation: 'chat', model: 'gpt-4o' });
    });

    it('sends a model call for the gateway to cost', async (t) => {
      const request = { model: 'gpt-4o', messages: [] };
      const { call, gateway } = await startApp(t, version, { options: { customRequestExtractor: () => ({ path: '/v1/chat/completions', request }) } });
      await call();
      const { id, ...rest } = JSON.parse(gateway.calls[0].text);
      assert.deepEqual(rest, { user: 'alice', request, path: '/v1/chat/completions' });
    });

    for (const [mode, status, header] of [['throttle', 429, ['retry-after', '60']], ['reject', 402, ['x-should-retry', 'false']]]) {
      it(`sends a ${mode} on as given`, async (t) => {
        const { call, gateway, ran } = await startApp(t, version);
        gateway.mode = mode;
        const response = await call();
        assert.equal(response.status, status);
        assert.equal(response.headers.get(header[0]), header[1]);
        assert.match(response.headers.get('content-type'), /^application\/json/);
        assert.deepEqual(await response.json(), {
          error: 'Budget limit exceeded', decision: mode, user_id: 'alice', model: null, retry_after: mode === 'throttle' ? 60 : null,
          budget: 'user_daily', operation: 'api_call',
        });
        assert.deepEqual(ran, []);
        assert.equal(gateway.count('DELETE') + gateway.count('POST', '/settle'), 0);
      });
    }

    it('changes no digit of a denial', async (t) => {
      const { call, gateway } = await startApp(t, version);
      gateway.mode = 'reject';
      const body = '{"error":"Budget limit exceeded","limit_usd":9007199254.123456789,"spent_usd":5.00,"note":"a \\"}{,: b"}';
      gateway.denial = `{"decision":"reject","status":402,"retry_after":null,"headers":{"Content-Type":"application/problem+json"},"body":${body}}`;
      const response = await call();
      assert.equal(response.headers.get('content-type'), 'application/problem+json');
      assert.equal(await response.text(), body);
    });

    it('lets ten of a hundred through on money for ten', async (t) => {
      const { call, gateway, ran } = await startApp(t, version, { options: { timeoutMs: 10_000, cacheDecisions: false } });
      const answers = await Promise.all(Array.from({ length: 100 }, () => call('/api/work', { headers: { 'x-test-estimate': '0.01' } })));
      const statuses = answers.map((answer) => answer.status);
      assert.equal(statuses.filter((status) => status === 200).length, 10);
      assert.equal(statuses.filter((status) => status === 402).length, 90);
      assert.equal(ran.length, 10);
      assert.deepEqual(gateway.ledger, Array(10).fill(0.01));
    });

    it('uses a connection again', async (t) => {
      const { call, gateway } = await startApp(t, version);
      for (let i = 0; i < 10; i++) await (await call('/api/work', { headers: { 'x-test-estimate': '0.001' } })).text();
      assert.equal(gateway.ledger.length, 10);
      assert.ok(gateway.sockets <= 2, `${gateway.sockets} connections`);
    });

    it('remembers a denial for as much or more, for the same caller only', async (t) => {
      const { call, gateway } = await startApp(t, version, { limit: '0.005' });
      const status = async (user, estimate) => (await call('/api/work', { headers: { 'x-test-user': user, 'x-test-estimate': estimate } })).status;
      assert.equal(await status('alice', '0.0100'), 402);
      assert.equal(await status('alice', '0.01'), 402);
      assert.equal(await status('alice', '0.02'), 402);
      assert.equal(gateway.count('POST', '/decisions'), 1);
      assert.equal(await status('alice', '0.004'), 200);
      assert.equal(await status('bob', '0.01'), 402);
      assert.equal(gateway.count('POST', '/decisions'), 3);
    });

    it('never remembers an allow', async (t) => {
      const { call, gateway } = await startApp(t, version);
      await call();
      await call();
      assert.equal(gateway.count('POST', '/decisions'), 2);
    });

    it('denies nothing with enableThrottling off, and asks nothing with enableBudgetMonitoring off', async (t) => {
      const shadow = await startApp(t, version, { options: { enableThrottling: false } });
      shadow.gateway.mode = 'reject';
      assert.equal((await shadow.call()).status, 200);
      assert.equal(shadow.gateway.count('POST', '/decisions'), 1);
      const off = await startApp(t, version, { options: { enableBudgetMonitoring: false } });
      assert.equal((await off.call()).status, 200);
      assert.equal(off.gateway.calls.length, 0);
    });

    for (const [name, second] of [['it stands twice', (guard) => guard], ['another guard stands behind it', () => createBudgetMiddleware({ gatewayUrl: 'http://127.0.0.1:9' })]]) {
      it(`charges once where ${name}`, async (t) => {
        const work = (req, res) => { req.budgetGuard.reportCost('0.004'); res.end(); };
        const { call, gateway } = await startApp(t, version, {
          routes: (app, handler, guard) => {
            app.use('/api', second(guard));
            app.post('/api/report', handler(work));
          },
        });
        await (await call('/api/report')).text();
        assert.deepEqual(gateway.ledger, [0.004]);
      });
    }

    it('believes X-User-ID only when told to, and not twice', async (t) => {
      const { call, gateway, lines, url } = await startApp(t, version, { options: { customUserExtractor: undefined, trustUserHeader: true } });
      assert.match(lines[0], /^warn .*callers name themselves/);
      await call('/api/work', { headers: { 'x-user-id': 'bob' } });
      assert.equal(JSON.parse(gateway.calls[0].text).user, 'bob');
      const { request } = require('node:http');
      const status = await new Promise((resolve) => request(`${url}/api/work`, { headers: ['x-user-id', 'bob', 'x-user-id', 'eve'] }, (res) => {
        res.resume();
        resolve(res.statusCode);
      }).end());
      assert.equal(status, 400);
    });

    it('answers what an extractor refuses', async (t) => {
      const refuse = () => {
        throw Object.assign(new Error('who are you?'), { status: 401 });
      };
      const { call, gateway, ran } = await startApp(t, version, { options: { customUserExtractor: refuse } });
      assert.equal((await call()).status, 401);
      assert.deepEqual([gateway.calls.length, ran.length], [0, 0]);
    });

    for (const [name, broken] of [
      ['throws', () => { throw new Error('no database'); }], ['hangs', () => new Promise(() => {})], ['gives no amount', () => -1],
    ]) {
      it(`goes on with the default when an extractor ${name} and it is open, and not when closed`, async (t) => {
        const open = await startApp(t, version, { options: { customCostExtractor: broken, timeoutMs: 500 } });
        assert.equal((await open.call()).status, 200);
        assert.equal((await open.call()).status, 200);
        assert.deepEqual(open.gateway.ledger, [0.01, 0.01]);
        assert.equal(open.lines.length, 1, open.lines.join('\n'));
        const closed = await startApp(t, version, { options: { customCostExtractor: broken, timeoutMs: 500, failOpen: false } });
        assert.equal((await closed.call()).status, 503);
        assert.equal(closed.gateway.calls.length, 0);
      });
    }

    it('holds nothing for a client that left while the gateway decided', async (t) => {
      const gone = new AbortController();
      const customOperationExtractor = () => {
        gone.abort(); // the request has arrived
        return new Promise((resolve) => setTimeout(resolve, 50, 'slow'));
      };
      const { url, gateway, ran } = await startApp(t, version, { options: { timeoutMs: 5000, customOperationExtractor } });
      const left = fetch(`${url}/api/work`, { method: 'POST', headers: { 'x-test-estimate': '0.01' }, signal: gone.signal }).catch(() => 'left');
      assert.equal(await left, 'left');
      await eventually(() => gateway.ledger[0] === 'released', 'the hold is released');
      assert.deepEqual(ran, []);
    });
  });
}
