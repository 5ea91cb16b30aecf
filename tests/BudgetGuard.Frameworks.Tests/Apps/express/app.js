'use strict';

// One app for Express 4 and 5 (EXPRESS=4|5). What its handlers really spent is at /bill, to hold against what the gateway counted.
const { setTimeout: delay } = require('node:timers/promises');
const { budgetGuard } = require('../../../../samples/frameworks/express');
const { Bill } = require('./bill');

const version = process.env.EXPRESS ?? '5';
if (!['4', '5'].includes(version)) throw new TypeError(`EXPRESS: '${version}' is not valid; expected 4 or 5`);
const express = require(`express${version}`);

const bill = new Bill();

const app = express();
app.disable('x-powered-by');
const guard = budgetGuard({
  customUserExtractor: (req) => req.get('X-Test-User'),
  customOperationExtractor: (req) => req.get('X-Test-Operation'),
  customModelExtractor: (req) => req.get('X-Test-Model'),
  customCostExtractor: (req) => req.get('X-Test-Estimate'),
  ...(process.env.LEADFACTORY_EXCLUDE_PATHS === undefined && { excludePaths: ['/health', '/metrics', '/status', '/bill'] }),
});
app.use(guard);
app.use(express.json());

app.get('/health', (req, res) => res.type('text').send('ok'));
app.get('/bill', (req, res) => res.json(bill));

async function work(req, res) {
  const { report, usage, model, fail, stream, hang } = req.body ?? {};
  bill.call();
  const spendAndReport = () => {
    if (report === undefined) return;
    bill.spend(report);
    req.budgetGuard.reportCost(report);
  };
  if (stream) {
    res.type('text');
    for (let chunk = 1; chunk <= stream; chunk++) {
      res.write(`chunk ${chunk}\n`);
      await delay(20);
    }
    spendAndReport();
    res.end();
    return;
  }
  spendAndReport();
  if (usage) req.budgetGuard.reportUsage(model, usage);
  if (fail) throw new Error('the handler fails, as it was asked to');
  if (hang) {
    res.type('text').write('started\n');
    const left = new AbortController();
    res.once('close', () => left.abort());
    await delay(30_000, undefined, { signal: left.signal }).catch(() => {});
    res.end();
    return;
  }
  res.json({ done: true });
}

// Express 4 does not wait for a handler's promise.
const guarded = (req, res, next) => work(req, res).catch(next);
for (const path of ['/api/work', '/other/work']) app.post(path, guarded);
app.get('/api/work', (req, res) => res.json({ done: true }));
app.options('/api/work', (req, res) => res.status(200).end());

app.use((error, req, res, next) => {
  if (res.headersSent) return next(error);
  return res.status(error.status ?? 500).json({ error: 'the handler failed' });
});

const server = app.listen(0, '127.0.0.1', () => console.log(`ready ${server.address().port}`));
process.on('SIGTERM', () => guard.drain().then(() => process.exit()));
