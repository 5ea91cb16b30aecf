'use strict';

const assert = require('node:assert/strict');
const http = require('node:http');
const { once } = require('node:events');
const { describe, it } = require('node:test');
const { Readable } = require('node:stream');
const { setTimeout: delay } = require('node:timers/promises');
const { startApp, eventually } = require('./app');

const routes = (path, work) => (app, handler) => app.post(path, handler(work));

/** Opens a response, reads its first bytes and leaves. */
async function leaveAfterFirstBytes(url) {
  const request = http.request(url, { method: 'POST', headers: { 'x-test-user': 'alice' } });
  request.on('error', () => {});
  request.end();
  const [response] = await once(request, 'response');
  response.on('error', () => {});
  await once(response, 'data');
  request.destroy();
}

for (const version of [4, 5]) {
  describe(`Express ${version} settles`, () => {
    const cases = [
      ['at the estimate when nothing is reported', (req, res) => res.json({}), 200, 0.01],
      ['at the reported cost', (req, res) => { req.budgetGuard.reportCost('0.004'); res.json({}); }, 200, 0.004],
      ['at nothing when zero is reported', (req, res) => { req.budgetGuard.reportCost(0); res.json({}); }, 200, 0],
      ['at more than was held', (req, res) => { req.budgetGuard.reportCost('0.5'); res.json({}); }, 200, 0.5],
      ['at the sum of reports, exactly', (req, res) => { req.budgetGuard.reportCost('0.1'); req.budgetGuard.reportCost(0.2); res.json({}); }, 200, 0.3],
      ['at the usage of a model', (req, res) => { req.budgetGuard.reportUsage('gpt-4o', { total_tokens: 7 }); res.end(); }, 200, 0.000007],
      ['at the sum of usages', (req, res) => {
        for (const total_tokens of [7, 5]) req.budgetGuard.reportUsage('gpt-4o', { total_tokens, details: { cached: 1 } });
        res.end();
      }, 200, 0.000012],
      ['by giving back for a client\'s mistake', (req, res) => res.status(404).end(), 404, 'released'],
      ['by giving back when the handler throws', () => { throw new Error('broken'); }, 500, 'released'],
      ['by giving back when the handler answers 5xx', (req, res) => res.status(503).json({}), 503, 'released'],
      ['by giving back when the handler calls next(error)', (req, res, next) => next(new Error('broken')), 500, 'released'],
      ['at the report when the handler throws after it', (req) => { req.budgetGuard.reportCost('0.004'); throw new Error('broken'); }, 500, 0.004],
      ['an answer without a body', (req, res) => res.status(204).end(), 204, 0.01],
      ['an answer written by hand', (req, res) => { res.writeHead(200, { 'Content-Length': 2 }); res.write('o'); res.end('k'); }, 200, 0.01],
      ['an answer that is piped', (req, res) => Readable.from(['a', 'b']).pipe(res), 200, 0.01],
      ['a stream whose status was changed too late', (req, res) => { res.write('a'); res.statusCode = 500; res.end(); }, 200, 0.01],
    ];
    for (const [name, work, status, outcome] of cases) {
      it(name, async (t) => {
        const { call, gateway } = await startApp(t, version, { routes: routes('/work', work) });
        const response = await call('/work');
        assert.equal(response.status, status);
        await response.text();
        assert.deepEqual(gateway.ledger, [outcome], 'settled before the answer was complete');
        assert.equal(gateway.count('POST', '/settle') + gateway.count('DELETE'), 1);
      });
    }

    it('passes cost and usage on to the digit', async (t) => {
      const usage = { prompt_tokens: 1, total_tokens: 3, prompt_tokens_details: { cached_tokens: 0 } };
      const { call, gateway } = await startApp(t, version, {
        routes: (app, handler) => {
          app.post('/cost', handler((req, res) => { req.budgetGuard.reportCost('1234567890123.123456789'); res.end(); }));
          app.post('/usage', handler((req, res) => { req.budgetGuard.reportUsage('gpt-4o', usage); res.end(); }));
        },
      });
      await call('/cost');
      await call('/usage', { headers: { 'x-test-user': 'bob' } });
      const settled = gateway.calls.filter((request) => request.url.endsWith('/settle')).map((request) => request.text);
      assert.equal(settled[0], '{"cost":1234567890123.123456789}');
      assert.deepEqual(JSON.parse(settled[1]), { model: 'gpt-4o', usage });
    });

    it('tells the handler what was decided', async (t) => {
      let handle;
      const { call } = await startApp(t, version, { routes: routes('/work', (req, res) => { handle = { ...req.budgetGuard }; res.end(); }) });
      await call('/work');
      assert.deepEqual(handle, { decision: 'allow', budget: 'user_daily', remaining: '0.09', counted: true });
    });

    it('refuses reports that are none, or do not go together', async (t) => {
      const errors = [];
      const attempt = (work) => {
        try {
          work();
        } catch (error) {
          errors.push(error.message);
        }
      };
      const { call, gateway } = await startApp(t, version, {
        routes: routes('/work', (req, res) => {
          for (const wrong of [-1, NaN, '', '1e3', '1,5', null, '-0.1', Infinity]) attempt(() => req.budgetGuard.reportCost(wrong));
          attempt(() => req.budgetGuard.reportUsage('', {}));
          req.budgetGuard.reportUsage('gpt-4o', { total_tokens: 1 });
          attempt(() => req.budgetGuard.reportUsage('o1', { total_tokens: 1 }));
          attempt(() => req.budgetGuard.reportCost(1));
          res.end();
        }),
      });
      await call('/work');
      assert.equal(errors.length, 11, errors.join('\n'));
      assert.match(errors[0], /'?-1'? is no amount of US dollars; expected/);
      assert.deepEqual(gateway.ledger, [0.000001]);
    });

    it('says a report that comes too late, and throws nothing', async (t) => {
      let handle;
      const { call, lines } = await startApp(t, version, { routes: routes('/work', (req, res) => { handle = req.budgetGuard; res.end(); }) });
      await call('/work');
      handle.reportCost('0.004');
      assert.match(lines.join(), /a report came after/);
    });

    it('ignores reports with enableCostTracking off', async (t) => {
      const work = (req, res) => { req.budgetGuard.reportCost('0.004'); res.status(Number(req.query.status)).end(); };
      const { call, gateway } = await startApp(t, version, { options: { enableCostTracking: false }, routes: routes('/work', work) });
      await call('/work?status=200');
      await call('/work?status=500');
      assert.deepEqual(gateway.ledger, [0.01, 0.01], 'what was reported was spent, also where it is not metered');
    });

    it('streams chunk by chunk, and settles when the stream is over', async (t) => {
      let next;
      const { call, gateway } = await startApp(t, version, {
        routes: routes('/stream', async (req, res) => {
          for (let chunk = 1; chunk <= 3; chunk++) {
            res.write(`chunk ${chunk}\n`);
            await new Promise((resolve) => (next = resolve)); // goes on only once the client has this chunk
          }
          req.budgetGuard.reportCost('0.004');
          res.end();
        }),
      });
      const response = await call('/stream');
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let chunk = 1; chunk <= 3; chunk++) {
        assert.equal((await reader.read()).value, `chunk ${chunk}\n`);
        assert.deepEqual(gateway.ledger, ['held']);
        next();
      }
      assert.equal((await reader.read()).done, true);
      assert.deepEqual(gateway.ledger, [0.004]);
    });

    const hang = async (req, res, report) => {
      report?.(req.budgetGuard);
      res.write('started\n');
      await once(res, 'close');
    };
    for (const [name, work, outcome] of [
      ['the report', (req, res) => hang(req, res, (guard) => guard.reportCost('0.004')), 0.004],
      ['the estimate', hang, 0.01],
      ['what is reported on hearing that the client left', (req, res) => { res.once('close', () => req.budgetGuard.reportCost('0.003')); return hang(req, res); }, 0.003],
      ['the estimate when the handler fails of it', async (req, res) => { await hang(req, res); throw new Error('aborted'); }, 0.01],
    ]) {
      it(`settles at ${name} when the client leaves`, async (t) => {
        const { url, gateway } = await startApp(t, version, { routes: routes('/work', (req, res) => work(req, res)) });
        await leaveAfterFirstBytes(`${url}/work`);
        await eventually(() => gateway.ledger[0] === outcome, `settled at ${outcome}, but ${gateway.ledger}`);
        assert.equal(gateway.count('POST', '/settle') + gateway.count('DELETE'), 1);
      });
    }

    it('settles at the report of a handler that goes on though the client left before anything was sent', async (t) => {
      const work = async (req, res) => {
        await once(res, 'close');
        await delay(300);
        req.budgetGuard.reportCost('0.02');
        await delay(150);
        req.budgetGuard.reportCost('0.03');
        res.json({});
      };
      const { url, gateway, ran } = await startApp(t, version, { routes: routes('/work', work) });
      const gone = new AbortController();
      const left = fetch(`${url}/work`, { method: 'POST', signal: gone.signal }).catch(() => {});
      await eventually(() => ran.length === 1, 'the handler runs');
      gone.abort();
      await left;
      await eventually(() => gateway.ledger[0] === 0.05, `settled at the report, but ${gateway.ledger}`);
    });

    it('settles at the estimate when the client leaves before anything was sent and the handler then fails', async (t) => {
      const work = async (req, res) => { await once(res, 'close'); throw new Error('aborted'); };
      const { url, gateway, ran } = await startApp(t, version, { routes: routes('/work', work) });
      const gone = new AbortController();
      const left = fetch(`${url}/work`, { method: 'POST', signal: gone.signal }).catch(() => {});
      await eventually(() => ran.length === 1, 'the handler runs');
      gone.abort();
      await left;
      await eventually(() => gateway.ledger[0] === 0.01, 'settled at the estimate');
    });

    it('has ended while it settles: what comes after changes nothing of the answer', async (t) => {
      const seen = [];
      const { call, gateway } = await startApp(t, version, {
        routes: routes('/work', (req, res) => {
          res.json({ first: true });
          seen.push(res.headersSent, res.writableEnded);
          assert.throws(() => res.setHeader('Content-Length', 1), { code: 'ERR_HTTP_HEADERS_SENT' });
          res.statusCode = 500;
          res.end('again');
        }),
      });
      const response = await call('/work');
      assert.equal(response.status, 200);
      assert.equal(await response.text(), '{"first":true}');
      assert.deepEqual(seen, [true, true]);
      assert.deepEqual(gateway.ledger, [0.01]);
    });

    for (const [name, work, method = 'POST', headers = {}] of [
      ['a text', (req, res) => res.end('\u00e9\u00e9')], ['a text in another encoding', (req, res) => res.end('6869', 'hex')], ['bytes', (req, res) => res.end(Buffer.from('hi'))],
      ['a callback', (req, res) => res.end(() => {})], ['nothing', (req, res) => res.status(204).end()], ['not modified', (req, res) => res.status(304).end()],
      ['a stream', (req, res) => { res.write('a'); res.end('b'); }], ['HEAD', (req, res) => res.end('hi'), 'HEAD'], ['express', (req, res) => res.send('hi')],
      ['a head', (req, res) => res.writeHead(201, 'Made', { 'X-A': 'b' }).end('hi')],
    ]) {
      it(`answers ${name} as without a guard`, async (t) => {
        const answerOf = async (options) => {
          const { call } = await startApp(t, version, { options: { excludeMethods: [], ...options }, routes: (app, handler) => app.all('/work', handler(work)) });
          const response = await call('/work', { method, headers });
          const { date, ...rest } = Object.fromEntries(response.headers);
          return [response.status, response.statusText, rest, await response.text()];
        };
        assert.deepEqual(await answerOf({}), await answerOf({ enableBudgetMonitoring: false }));
      });
    }

    for (const position of ['before', 'after']) {
      it(`settles answers that are compressed ${position} it`, async (t) => {
        const compress = require('compression')({ threshold: 0 });
        const use = (app) => app.use(compress);
        const { call, gateway } = await startApp(t, version, {
          before: position === 'before' ? use : undefined,
          routes: (app, handler) => {
            if (position === 'after') use(app);
            app.post('/work', handler((req, res) => res.type('text').send('x'.repeat(5000))));
          },
        });
        const response = await call('/work');
        assert.match(response.headers.get('content-encoding'), /gzip|br/);
        assert.equal(await response.text(), 'x'.repeat(5000));
        assert.deepEqual(gateway.ledger, [0.01]);
      });
    }

    it('fails in the handler that ends with no bytes, not in the process', async (t) => {
      const { call, gateway } = await startApp(t, version, { routes: routes('/work', (req, res) => res.end(42)) });
      assert.equal((await call('/work')).status, 500);
      assert.deepEqual(gateway.ledger, ['released']);
    });

    it('tries again what the gateway did not take', async (t) => {
      const { call, gateway, guard } = await startApp(t, version);
      gateway.settleModes = ['503', 'reset'];
      assert.equal((await call()).status, 200);
      await guard.drain();
      assert.deepEqual(gateway.ledger, [0.01]);
      assert.equal(gateway.count('POST', '/settle'), 3);
    });

    it('gives up after four tries, and says so once', async (t) => {
      const { call, gateway, guard, lines } = await startApp(t, version, { options: { timeoutMs: 10_000 } });
      gateway.settleModes = Array(8).fill('500');
      await Promise.all([call(), call()]);
      await guard.drain();
      assert.deepEqual(gateway.ledger, ['held', 'held']);
      assert.equal(gateway.count('POST', '/settle'), 8);
      assert.equal(lines.length, 1);
      assert.match(lines[0], /could not be ended/);
    });

    it('answers in time though the settlement hangs', async (t) => {
      const { call, gateway, guard } = await startApp(t, version, { options: { timeoutMs: 400 } });
      gateway.settleModes = ['hang', 'hang', 'hang'];
      const start = performance.now();
      assert.deepEqual(await (await call()).json(), { done: true });
      assert.ok(performance.now() - start < 4000);
      await guard.drain();
      assert.deepEqual(gateway.ledger, [0.01]);
    });

    it('rounds up what is finer than the gateway counts, once, at the end', async (t) => {
      const work = (req, res) => {
        for (const cost of ['0.0000000004', '0.0000000004', '0.0000000004']) req.budgetGuard.reportCost(cost);
        res.end();
      };
      const { call, gateway } = await startApp(t, version, { routes: routes('/work', work) });
      await (await call('/work', { headers: { 'x-test-estimate': '0.00400000000001' } })).text();
      assert.match(gateway.calls[0].text, /"estimated_cost":0\.004000001}/);
      assert.equal(gateway.calls[1].text, '{"cost":0.000000002}');
    });

    it('charges the estimate where the gateway cannot price the usage', async (t) => {
      const work = (req, res) => { req.budgetGuard.reportUsage('no-such-model', { total_tokens: 1 }); res.end(); };
      const { call, gateway, lines } = await startApp(t, version, { routes: routes('/work', work) });
      gateway.settleModes = ['400'];
      await (await call('/work')).text();
      assert.deepEqual(gateway.ledger, [0.01]);
      assert.match(lines.join(), /charged its estimate/);
    });
  });
}
