'use strict';

// What its handlers really spent is at /bill, to hold against what the gateway counted.
const { setTimeout: delay } = require('node:timers/promises');
const { Readable } = require('node:stream');
const fastify = require('fastify');
const { budgetGuard } = require('../../../../samples/frameworks/fastify');
const { Bill } = require('../express/bill');

const bill = new Bill();
const app = fastify();

app.register(budgetGuard, {
  customUserExtractor: (request) => request.headers['x-test-user'],
  customOperationExtractor: (request) => request.headers['x-test-operation'],
  customModelExtractor: (request) => request.headers['x-test-model'],
  customCostExtractor: (request) => request.headers['x-test-estimate'],
  logger: console,
  ...(process.env.LEADFACTORY_EXCLUDE_PATHS === undefined && { excludePaths: ['/health', '/metrics', '/status', '/bill'] }),
});

app.get('/health', (request, reply) => reply.type('text/plain').send('ok'));
app.get('/bill', () => bill);

async function work(request, reply) {
  const { report, usage, model, fail, stream, hang } = request.body ?? {};
  bill.call();
  const spendAndReport = () => {
    if (report === undefined) return;
    bill.spend(report);
    request.budgetGuard.reportCost(report);
  };
  if (stream) return reply.type('text/plain').send(Readable.from(chunks(stream, spendAndReport)));
  spendAndReport();
  if (usage) request.budgetGuard.reportUsage(model, usage);
  if (fail) throw new Error('the handler fails, as it was asked to');
  if (hang) return reply.type('text/plain').send(Readable.from(untilLeft(reply.raw)));
  return { done: true };
}

async function* chunks(count, atEnd) {
  for (let chunk = 1; chunk <= count; chunk++) {
    yield `chunk ${chunk}\n`;
    await delay(20);
  }
  atEnd();
}

async function* untilLeft(response) {
  yield 'started\n';
  const left = new AbortController();
  response.once('close', () => left.abort());
  await delay(30_000, undefined, { signal: left.signal }).catch(() => {});
}

for (const path of ['/api/work', '/other/work']) app.post(path, work);
app.get('/api/work', () => ({ done: true }));
app.options('/api/work', (request, reply) => reply.send());

app.listen({ port: 0, host: '127.0.0.1' }).then(() => console.log(`ready ${app.server.address().port}`));
process.on('SIGTERM', () => app.close().then(() => process.exit()));
