'use strict';

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');
const { createBudgetMiddleware, budgetGuard, BudgetMiddlewareOptions, MiddlewareConfig, FrameworkType } = require('..');
const { resolveOptions, letOff } = require('../options');
const { Denials } = require('../denials');
const { createLog } = require('../log');
const { exactMoney, addMoney, rawMembers } = require('../client');
const { startApp, memoryLogger } = require('./app');

describe('Options', () => {
  it('have the defaults of the page', () => {
    const { logger, ...settings } = resolveOptions({}, {});
    assert.equal(logger, console);
    assert.deepEqual(JSON.parse(JSON.stringify(settings)), {
      framework: 'express', enableBudgetMonitoring: true, enableCostTracking: true, enableThrottling: true, enableAlerting: true,
      excludePaths: ['/health', '/metrics', '/status'], includeOnlyPaths: [], excludeMethods: ['OPTIONS', 'HEAD'], asyncProcessing: true,
      cacheDecisions: true, cacheTtlSeconds: 60, failOpen: true, logErrors: true, logLevel: 'INFO', enableRequestLogging: false,
      gatewayUrl: 'http://127.0.0.1:5080', timeoutMs: 300, trustUserHeader: false,
    });
  });

  for (const [variable, text, option, value] of [
    ['LEADFACTORY_FRAMEWORK', 'fastapi', 'framework', 'fastapi'],
    ['LEADFACTORY_ENABLE_BUDGET_MONITORING', 'false', 'enableBudgetMonitoring', false],
    ['LEADFACTORY_ENABLE_COST_TRACKING', 'False', 'enableCostTracking', false],
    ['LEADFACTORY_ENABLE_THROTTLING', 'false', 'enableThrottling', false],
    ['LEADFACTORY_ENABLE_ALERTING', 'false', 'enableAlerting', false],
    ['LEADFACTORY_EXCLUDE_PATHS', ' /a , /B/ ', 'excludePaths', ['/a', '/b']],
    ['LEADFACTORY_EXCLUDE_PATHS', '', 'excludePaths', []],
    ['LEADFACTORY_INCLUDE_ONLY_PATHS', '/api,/v1', 'includeOnlyPaths', ['/api', '/v1']],
    ['LEADFACTORY_INCLUDE_ONLY_PATHS', '/', 'includeOnlyPaths', ['/']],
    ['LEADFACTORY_EXCLUDE_METHODS', 'options', 'excludeMethods', ['OPTIONS']],
    ['LEADFACTORY_ASYNC_PROCESSING', 'false', 'asyncProcessing', false],
    ['LEADFACTORY_CACHE_DECISIONS', 'false', 'cacheDecisions', false],
    ['LEADFACTORY_CACHE_TTL_SECONDS', '5', 'cacheTtlSeconds', 5],
    ['LEADFACTORY_FAIL_OPEN', 'false', 'failOpen', false],
    ['LEADFACTORY_LOG_ERRORS', 'false', 'logErrors', false],
    ['LEADFACTORY_LOG_LEVEL', 'debug', 'logLevel', 'DEBUG'],
    ['LEADFACTORY_ENABLE_REQUEST_LOGGING', 'true', 'enableRequestLogging', true],
    ['BUDGETGUARD_URL', 'https://guard.example/base/', 'gatewayUrl', 'https://guard.example/base/'],
    ['BUDGETGUARD_KEY', 'secret', 'apiKey', 'secret'],
  ]) {
    it(`read ${variable}=${text}`, () => assert.deepEqual(resolveOptions({}, { [variable]: text })[option], value));
  }

  for (const [variable, text, expected] of [
    ['LEADFACTORY_FRAMEWORK', 'rails', 'one of express,'],
    ['LEADFACTORY_FAIL_OPEN', 'yes', 'true or false'],
    ['LEADFACTORY_FAIL_OPEN', '', 'true or false'],
    ['LEADFACTORY_FAIL_OPEN', 'constructor', 'true or false'],
    ['LEADFACTORY_CACHE_TTL_SECONDS', '-1', 'a whole number'],
    ['LEADFACTORY_CACHE_TTL_SECONDS', '1.5', 'a whole number'],
    ['LEADFACTORY_CACHE_TTL_SECONDS', '9999999999', 'a whole number'],
    ['LEADFACTORY_EXCLUDE_PATHS', 'health', 'plain paths'],
    ['LEADFACTORY_EXCLUDE_PATHS', '/a,,/b', 'plain paths'],
    ['LEADFACTORY_EXCLUDE_PATHS', '/a/*', 'plain paths'],
    ['LEADFACTORY_EXCLUDE_PATHS', '/a//b', 'plain paths'],
    ['LEADFACTORY_EXCLUDE_PATHS', '/a/../b', 'plain paths'],
    ['LEADFACTORY_EXCLUDE_PATHS', '/', 'turn enableBudgetMonitoring off'],
    ['LEADFACTORY_EXCLUDE_METHODS', 'GET;HEAD', 'HTTP methods'],
    ['LEADFACTORY_LOG_LEVEL', 'loud', 'one of DEBUG'],
    ['LEADFACTORY_FAIL_OPN', 'false', 'unknown variable'],
    ['BUDGETGUARD_URL', 'localhost:5080', 'an address'],
    ['BUDGETGUARD_URL', 'http://user:pass@host', 'an address'],
  ]) {
    it(`refuse ${variable}=${text}, naming it`, () => {
      assert.throws(() => resolveOptions({}, { [variable]: text }), (error) =>
        error instanceof TypeError && error.message.includes(`${variable}: `) && error.message.includes(expected)
        && (expected === 'unknown variable' || error.message.includes(JSON.stringify(text))));
    });
  }

  it('never show a key', () => {
    assert.throws(() => resolveOptions({ apiKey: 'sec ret' }, {}), (error) => !error.message.includes('sec ret') && error.message.includes('apiKey: '));
  });

  it('tell everything that is wrong at once', () => {
    assert.throws(() => resolveOptions({ failOpn: false, timeoutMs: '300', customUserExtractor: 'me', logger: {} }, { LEADFACTORY_FAIL_OPEN: 'no' }), (error) =>
      ['failOpn: unknown option', 'timeoutMs: "300"', 'customUserExtractor: "me"', 'logger: {}', 'LEADFACTORY_FAIL_OPEN: "no"']
        .every((part) => error.message.includes(part)));
  });

  it('of the code win over variables, and undefined is absent', () => {
    const env = { LEADFACTORY_FAIL_OPEN: 'false', LEADFACTORY_CACHE_TTL_SECONDS: '5' };
    const settings = resolveOptions({ failOpen: true, cacheTtlSeconds: undefined }, env);
    assert.deepEqual([settings.failOpen, settings.cacheTtlSeconds], [true, 5]);
  });

  it('have the two levels of the LeadFactory middleware, or one', () => {
    const budgetOptions = new BudgetMiddlewareOptions({ enableThrottling: true, excludePaths: ['/health', '/admin'], cacheTtlSeconds: 120, failOpen: false });
    const config = new MiddlewareConfig({ framework: FrameworkType.EXPRESS, budgetOptions, logLevel: 'DEBUG', enableRequestLogging: true });
    const settings = resolveOptions(config, {});
    assert.deepEqual([settings.failOpen, settings.cacheTtlSeconds, settings.logLevel, settings.enableRequestLogging], [false, 120, 'DEBUG', true]);
    assert.throws(() => createBudgetMiddleware(new MiddlewareConfig({ budgetOptions: { failOpn: true } })), /failOpn: unknown option/);
    assert.equal(budgetGuard, createBudgetMiddleware);
  });

  it('are the same for ES modules', async () => {
    assert.equal((await import('@budgetguard/express')).createBudgetMiddleware, createBudgetMiddleware);
    assert.deepEqual(Object.keys(await import('@budgetguard/express')).sort(), Object.keys(require('@budgetguard/express')).sort());
  });
});

describe('Filtering', () => {
  const excluded = { excludePaths: ['/health', '/Static/files/'] };
  const included = { includeOnlyPaths: ['/api', '/v1'] };
  for (const [options, method, urls, off] of [
    [excluded, 'GET', ['/health'], true], [excluded, 'GET', ['/HEALTH/'], true], [excluded, 'GET', ['/health/live?x=1'], true], [excluded, 'GET', ['/healthy'], false],
    [excluded, 'GET', ['/static/FILES/a'], true], [excluded, 'GET', ['/static/filesystem'], false], [excluded, 'GET', ['/static'], false], [excluded, 'GET', ['/api/health'], false],
    [excluded, 'GET', ['/health//x'], false], [excluded, 'GET', ['/health/../api'], false], [excluded, 'GET', ['/health/.'], false], [excluded, 'GET', ['/health/x.'], false],
    [excluded, 'GET', ['/health\\x'], false], [excluded, 'GET', ['/health;x'], false], [excluded, 'GET', ['/health/;x'], false], [excluded, 'GET', ['/health/%2e%2e/api'], false],
    [excluded, 'GET', ['/health/%41'], false], [excluded, 'GET', ['/health?a=%41//'], true], [excluded, 'GET', ['http://host/health'], false], [excluded, 'GET', ['/health#x'], false],
    [excluded, 'GET', ['/health/\u00e9'], false], [excluded, 'OPTIONS', ['/api'], true], [excluded, 'head', ['/api'], true], [excluded, 'POST', ['/api'], false],
    [included, 'GET', ['/api/x'], false], [included, 'GET', ['/V1'], false], [included, 'GET', ['/apiary'], true], [included, 'GET', ['/other//api'], false], [included, 'GET', ['/'], true],
    [excluded, 'GET', ['/health', '/api/work'], false], [excluded, 'GET', ['/api/health', '/health'], false], [included, 'GET', ['/api/x', '/x'], false],
    [{ excludeMethods: [] }, 'OPTIONS', ['/api'], false], [{ enableBudgetMonitoring: false }, 'GET', ['/api'], true],
  ]) {
    it(`${off ? 'lets off' : 'guards'} ${method} ${urls.join(' seen as ')} with ${JSON.stringify(options)}`, () => {
      assert.equal(letOff(resolveOptions(options, {}), method, urls) !== null, off);
    });
  }

  for (const version of [4, 5]) {
    it(`sees the path of the client and that of routing in Express ${version}`, async (t) => {
      const rewrite = (app) => app.use((req, res, next) => {
        if (req.get('x-rewrite')) req.url = req.get('x-rewrite');
        next();
      });
      const { call, gateway } = await startApp(t, version, { before: rewrite });
      await call('/health');
      await call('/health?x=1', { method: 'GET' });
      await call('/api/work', { method: 'OPTIONS' });
      assert.equal(gateway.calls.length, 0);
      await call('/health', { headers: { 'x-rewrite': '/api/work' } });
      await call('/api/work', { headers: { 'x-rewrite': '/health' } });
      assert.deepEqual(gateway.ledger, [0.01, 0.01]);
    });

    it(`guards below a mount in Express ${version}, and lets off what is so with and without it`, async (t) => {
      const options = { excludePaths: ['/api/free', '/free', '/paid'] };
      const { call, gateway } = await startApp(t, version, { mount: '/api', options });
      await call('/elsewhere');
      await call('/api/free');
      assert.equal(gateway.calls.length, 0);
      await call('/api/work');
      await call('/api/paid');
      assert.equal(gateway.ledger.length, 2);
    });
  }

  it('leaves a handle where nothing is guarded, so that handlers need not ask', async (t) => {
    const { call } = await startApp(t, 5, {
      routes: (app, handler) => app.post('/health', handler((req, res) => {
        req.budgetGuard.reportCost('0.004');
        res.json({ ...req.budgetGuard });
      })),
    });
    assert.deepEqual(await (await call('/health')).json(), { decision: null, budget: null, remaining: null, counted: false });
  });
});

describe('Money', () => {
  for (const [value, text] of [
    ['0.004', '0.004'], ['0.0040', '0.004'], ['007.50', '7.5'], ['10', '10'], ['100.00', '100'], ['0', '0'], [0.1, '0.1'], [1e-7, '0.0000001'], [1.5e-9, '0.0000000015'],
    ['1234567890123.123456789', '1234567890123.123456789'], [3, '3'], [0.1 + 0.2, '0.3'], [0.07 * 3, '0.21'], [1.2345678901234567e-15, '0.00000000000000123456789012'],
  ]) it(`${typeof value} ${value} is ${text}`, () => assert.equal(exactMoney(value), text));
  for (const value of ['', ' 1', '1e3', '.5', '5.', '+1', '1,000', '0x10', '1'.repeat(29), -0.1, NaN, Infinity, 1e30, null, undefined, {}, true, 1n]) {
    it(`${typeof value} ${String(value)} is none`, () => assert.throws(() => exactMoney(value), TypeError));
  }
  it('adds without rounding', () => {
    assert.equal(addMoney('0.1', '0.2'), '0.3');
    assert.equal(addMoney('9999999999999.999999999', '0.000000001'), '10000000000000');
  });
  it('is cut out of JSON as written', () => {
    const members = rawMembers('{"a": 1.10 ,"b":{"a":2,"c":[{"a":3}]},"c\\"":"x,}\\\\", "d":[1,{"e":"]"}],"e":null}');
    assert.deepEqual(members, { a: '1.10', b: '{"a":2,"c":[{"a":3}]}', 'c"': '"x,}\\\\"', d: '[1,{"e":"]"}]', e: 'null' });
    assert.deepEqual(rawMembers('{}'), {});
  });
});

describe('Remembered denials', () => {
  const facts = { user: 'a', model: 'm', operation: 'o', cost: '0.01' };
  const denial = (extra) => ({ retryAfter: 10, answer: { status: 429, headers: { 'Retry-After': '10' }, body: '{"limit_usd":1.10,"retry_after":10}' }, ...extra });
  const remember = (extra, ttl = 60) => {
    let now = 1_000_000;
    const denials = new Denials({ cacheDecisions: true, cacheTtlSeconds: ttl }, () => now);
    denials.add(facts, denial(extra));
    return { denials, pass: (ms) => (now += ms), found: (other = {}) => denials.find({ ...facts, ...other }) !== null };
  };

  it('hold for the same user, model, operation and at least the cost', () => {
    const { found } = remember();
    assert.ok(found() && found({ cost: '0.011' }));
    for (const other of [{ user: 'b' }, { model: undefined }, { operation: 'x' }, { team: 't' }, { cost: '0.009' }, { cost: undefined }, { request: {} }]) {
      assert.ok(!found(other), JSON.stringify(other));
    }
  });

  it('end at the retry, the reset or the TTL, whichever is first', () => {
    for (const [extra, ttl, ms] of [[{}, 60, 10_000], [{}, 5, 5000], [{ retryAfter: null }, 60, 60_000], [{ retryAfter: null, resetsAt: new Date(1_003_000).toISOString() }, 60, 3000]]) {
      const { found, pass } = remember(extra, ttl);
      pass(ms - 1);
      assert.ok(found());
      pass(1);
      assert.ok(!found());
    }
  });

  it('count down', () => {
    const { denials, pass } = remember();
    pass(2500);
    assert.deepEqual(denials.find(facts).answer, { status: 429, headers: { 'Retry-After': '8' }, body: '{"limit_usd":1.10,"retry_after":8}' });
  });

  it('are bounded', () => {
    const { denials } = remember();
    for (let user = 0; user < 5000; user++) denials.add({ ...facts, user: `u${user}` }, denial());
    assert.equal(denials.size, 1000);
    assert.ok(denials.find({ ...facts, user: 'u4999' }));
  });

  it('are none with cacheDecisions off or a TTL of 0', () => {
    for (const options of [{ cacheDecisions: false, cacheTtlSeconds: 60 }, { cacheDecisions: true, cacheTtlSeconds: 0 }]) {
      const denials = new Denials(options);
      denials.add(facts, denial());
      assert.equal(denials.find(facts), null);
    }
  });
});

describe('The log', () => {
  it('tells a failure once a minute for each kind, and how many more there were', () => {
    let now = 0;
    const logger = memoryLogger();
    const log = createLog({ logger, logErrors: true, logLevel: 'INFO' }, () => now);
    for (let i = 0; i < 5; i++) log.error('a', 'one');
    log.error('b', 'two');
    now = 60_000;
    log.error('a', 'one');
    assert.deepEqual(logger.lines, ['error budget guard: one', 'error budget guard: two', 'error budget guard: one (4 more of this kind since)']);
  });

  it('has a line for each guarded request when asked, without names', async (t) => {
    const { call, lines } = await startApp(t, 5, { options: { enableRequestLogging: true, logLevel: 'DEBUG' } });
    await call('/api/work?secret=1');
    await call('/health');
    assert.deepEqual(lines, ['info budget guard: POST "/api/work" allowed, budget user_daily', 'debug budget guard: POST "/health" is not guarded: its path is excluded']);
  });
});
