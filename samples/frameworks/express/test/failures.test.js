'use strict';

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');
const { startApp, eventually } = require('./app');

const GENEROUS_MS = 5000; // where an answer comes at once, and only a machine that stalls would take longer

for (const version of [4, 5]) {
  describe(`Express ${version} without a gateway that decides`, () => {
    for (const mode of ['500', '503', '401', 'hang', 'reset', 'stopped']) {
      for (const failOpen of [true, false]) {
        it(`${failOpen ? 'passes uncounted' : 'answers 503'} when it is ${mode}`, async (t) => {
          const { call, gateway, lines, ran } = await startApp(t, version, { options: { failOpen, timeoutMs: mode === 'hang' ? 100 : GENEROUS_MS } });
          gateway.mode = mode;
          if (mode === 'stopped') await gateway.stop();
          for (let i = 0; i < 3; i++) {
            const response = await call();
            assert.equal(response.status, failOpen ? 200 : 503);
            const body = await response.json();
            if (!failOpen) assert.deepEqual(body, { error: 'Budget guard unavailable', reason: 'unavailable', retry_after: 1 });
          }
          assert.equal(ran.length, failOpen ? 3 : 0);
          assert.equal(lines.length, 1, lines.join('\n'));
          assert.match(lines[0], failOpen ? /requests are passed uncounted/ : /requests are refused/);
        });
      }
    }

    it('waits 300 ms for a gateway that hangs', async (t) => {
      const { call, gateway } = await startApp(t, version);
      await call();
      gateway.mode = 'hang';
      const start = performance.now();
      assert.equal((await call()).status, 200);
      const took = performance.now() - start;
      assert.ok(took >= 290 && took < 1000, `${took} ms`);
    });

    it('does not pass a large request that the gateway reads for too long', async (t) => {
      const customRequestExtractor = (req) => ({ path: '/v1/chat/completions', request: { messages: ['x'.repeat(Number(req.get('x-size')))] } });
      const { call, gateway } = await startApp(t, version, { options: { timeoutMs: 100, customRequestExtractor, customCostExtractor: undefined } });
      gateway.mode = 'hang';
      assert.equal((await call('/api/work', { headers: { 'x-size': '1000' } })).status, 200);
      assert.equal((await call('/api/work', { headers: { 'x-size': '300000' } })).status, 503);
    });

    it('gives back what a decision holds whose answer was lost', async (t) => {
      const { call, gateway, guard } = await startApp(t, version, { options: { timeoutMs: GENEROUS_MS } });
      gateway.decisionModes = ['lost', 'lost'];
      assert.equal((await call()).status, 200);
      await guard.drain();
      assert.deepEqual(gateway.ledger, ['released']);
      assert.equal(gateway.count('POST', '/decisions'), 3);
    });

    it('lets the handler report all the same', async (t) => {
      const work = (req, res) => { req.budgetGuard.reportCost('0.004'); res.json({ ...req.budgetGuard }); };
      const { call, gateway } = await startApp(t, version, { routes: (app, handler) => app.post('/work', handler(work)) });
      gateway.mode = '500';
      assert.deepEqual(await (await call('/work')).json(), { decision: 'allow', budget: null, remaining: null, counted: false });
    });

    it('asks again with the same id when the answer is lost, and is charged once', async (t) => {
      const { call, gateway } = await startApp(t, version, { options: { timeoutMs: GENEROUS_MS } });
      const decisions = () => gateway.calls.filter((request) => request.url.endsWith('/decisions'));
      gateway.decisionModes = ['lost'];
      await (await call()).text();
      const ids = decisions().map((request) => JSON.parse(request.text).id);
      assert.equal(ids.length, 2);
      assert.equal(ids[0], ids[1]);
      assert.deepEqual(gateway.ledger, [0.01]);
    });

    it('answers a mistake of the client with 400, also when open', async (t) => {
      const { call, gateway, ran } = await startApp(t, version);
      gateway.mode = '400';
      const response = await call('/api/work', { headers: { 'x-test-user': 'x'.repeat(300) } });
      assert.equal(response.status, 400);
      assert.deepEqual(ran, []);
    });

    for (const [name, answer] of [
      ['is no JSON', 'hello'], ['is null', 'null'], ['is a list', '[]'], ['decides nothing', '{}'], ['has no body', '{"decision":"reject","status":402}'],
      ['has headers that are a list', '{"decision":"reject","status":402,"headers":[1],"body":{}}'],
      ['has no headers', '{"decision":"reject","status":402,"headers":null,"body":{}}'],
      ['has a header that is no text', '{"decision":"reject","status":402,"headers":{"X":{}},"body":{}}'],
      ['splits a header', '{"decision":"reject","status":402,"headers":{"X":"a\\r\\nSet-Cookie: b"},"body":{}}'],
      ['says how its body is sent', '{"decision":"reject","status":402,"headers":{"Transfer-Encoding":"chunked"},"body":{}}'],
      ['has a hold without a name', '{"decision":"allow","hold_id":5,"estimated_cost":1}'],
      ['would be a success', '{"decision":"reject","status":200,"body":{}}'], ['has an unknown decision', '{"decision":"maybe"}'],
    ]) {
      it(`does not take an answer for a decision that ${name}`, async (t) => {
        const { call, gateway } = await startApp(t, version, { options: { failOpen: false } });
        gateway.mode = 'reject';
        gateway.denial = answer;
        assert.equal((await call()).status, 503);
      });
    }

    it('passes an allow without a hold uncounted', async (t) => {
      const { call, gateway } = await startApp(t, version, { options: { failOpen: false } });
      gateway.mode = 'reject';
      gateway.denial = { decision: 'allow', degraded: true };
      assert.equal((await call()).status, 200);
      assert.equal(gateway.calls.length, 1);
    });

    it('logs nothing with logErrors off', async (t) => {
      const { call, gateway, lines } = await startApp(t, version, { options: { logErrors: false } });
      gateway.mode = '500';
      await call();
      assert.deepEqual(lines, []);
    });
  });
}
