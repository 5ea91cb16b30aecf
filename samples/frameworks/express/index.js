'use strict';

const { randomUUID } = require('node:crypto');
const { GatewayClient, exactMoney, addMoney } = require('./client');
const { Denials } = require('./denials');
const { createLog } = require('./log');
const { atMost, debounced } = require('./timing');
const { BudgetMiddlewareOptions, MiddlewareConfig, FrameworkType, resolveOptions, letOff } = require('./options');

const DISCONNECT_GRACE_MS = 100; // for a handler that hears of its client's leaving and then reports what it spent
const LATE_REPORTS_MS = 30_000; // how long after a report that follows a disconnect the next one is waited for, if the response does not end before
const LARGE_CHARS = 256 * 1024;
const CLIENTS_MISTAKES = [400, 413, 415, 422];
const visited = new WeakSet(); // a request is held once, however many guards it passes
const UNAVAILABLE = {
  status: 503, headers: { 'Retry-After': '1' }, body: '{"error":"Budget guard unavailable","reason":"unavailable","retry_after":1}',
};

/** Express middleware that asks the gateway before the handler runs, and tells it afterwards what the request cost. */
function createBudgetMiddleware(config) {
  const guard = createGuard(config);
  const middleware = (req, res, next) => {
    guard.visit(req, req, res, [req.originalUrl, req.url]).then((outcome) => {
      if (outcome.handle) req.budgetGuard = outcome.handle;
      if (outcome.answer) send(res, outcome.answer);
      else if (!outcome.gone) next();
    }).catch(next);
  };
  middleware.drain = guard.drain;
  return middleware;
}

function send(res, { status, headers, body }) {
  res.statusCode = status;
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  if (!res.hasHeader('Content-Type')) res.setHeader('Content-Type', 'application/json');
  res.end(body);
}

/** The guard itself, for any framework on Node's own request and response. */
function createGuard(config) {
  const settings = resolveOptions(config);
  const log = createLog(settings);
  const client = new GatewayClient(settings);
  const denials = new Denials(settings);
  const pending = new Set();
  if (settings.trustUserHeader) log.warn('trustUserHeader is on: callers name themselves with X-User-ID, and so whom to charge');
  const inBackground = (promise) => {
    pending.add(promise);
    promise.finally(() => pending.delete(promise));
    return promise;
  };

  /** Resolves to one of: a handle for the handler, an answer to send on, gone. `req` is the framework's request, what extractors see. */
  async function visit(req, rawReq, rawRes, urls) {
    const path = urls[0].split('?', 1)[0];
    const why = visited.has(rawRes) ? 'an outer guard has it' : letOff(settings, rawReq.method, urls);
    if (why) {
      log.debug(`${rawReq.method} ${JSON.stringify(path)} is not guarded: ${why}`);
      return { handle: req.budgetGuard ?? new Handle({}, log) };
    }
    visited.add(rawRes);
    const outcome = await decide(req, rawReq);
    log.request(rawReq, path, outcome);
    if (rawRes.destroyed || rawReq.socket?.destroyed) {
      if (outcome.hold) inBackground(endHold(outcome.hold, null, true));
      return { gone: true };
    }
    if (outcome.hold) follow(rawRes, outcome.handle, outcome.hold);
    return outcome;
  }

  async function decide(req, rawReq) {
    const facts = await describe(req, rawReq, settings, log).catch((error) => {
      if (error.answer) return { answer: error.answer };
      throw error;
    });
    if (facts.answer) return facts;
    const cached = settings.enableThrottling && denials.find(facts);
    if (cached) return cached;
    facts.id = randomUUID();
    try {
      const decision = await client.decide(facts);
      if (decision.decision === 'allow') {
        const hold = decision.holdId && { id: decision.holdId, estimate: decision.cost ?? facts.cost };
        return { hold, handle: new Handle(decision, log) };
      }
      if (!settings.enableThrottling) return { handle: new Handle(decision, log) };
      denials.add(facts, decision);
      return decision;
    } catch (error) {
      if (CLIENTS_MISTAKES.includes(error.status)) {
        log.error('refused', `the gateway refused a request: ${error.message}`);
        return { answer: { status: error.status, headers: {}, body: JSON.stringify({ error: 'The budget guard cannot read this request' }) } };
      }
      if (error.mayHold) inBackground(client.abandon(facts).catch(() => {}));
      // How long the gateway reads is up to the client that sends much: that is no way past it.
      const passes = settings.failOpen && !(error.kind === 'timeout' && error.sentChars > LARGE_CHARS);
      log.error(error.kind ?? 'error', `the gateway does not decide (${error.message}); requests are ${passes ? 'passed uncounted' : 'refused'}`);
      return passes ? { handle: new Handle({ decision: 'allow' }, log) } : { answer: UNAVAILABLE };
    }
  }

  /** Ends the hold once, at the first of: the handler ends the response, it is sent, the client has been gone for a moment. */
  function follow(res, handle, hold) {
    const { end, writeHead } = res;
    let ended, sentStatus, gone = false;
    const conclude = () => {
      const failed = !gone && !res.destroyed && (sentStatus ?? res.statusCode) >= 400;
      return (ended ??= inBackground(endHold(hold, handle.close(), failed)));
    };
    res.writeHead = function (status, ...rest) {
      writeHead.call(this, status, ...rest);
      sentStatus ??= status;
      return this;
    };
    res.end = function (...args) {
      if (!isChunk(args[0])) return end.apply(this, args); // throws where its caller can see it
      commitHead(res, ...args);
      Object.defineProperty(res, 'writableEnded', { value: true, configurable: true });
      res.end = () => res;
      // Whoever reads the balance after this answer sees it settled.
      atMost(settings.timeoutMs, conclude()).catch(() => {}).then(() => {
        delete res.writableEnded;
        res.end = end;
        end.apply(res, args);
      }).catch((error) => {
        log.error('response', `a response could not be sent: ${error.message}`);
        res.destroy(error);
      });
      return res;
    };
    res.once('finish', conclude);
    res.once('close', () => {
      gone = true;
      if (ended) return;
      setTimeout(() => {
        // A handler that has answered nothing yet may still pay for it: leaving early must not make that cheaper. Else the hold expires and is charged.
        if (res.headersSent || handle.hasReport) conclude();
        else handle.onReport(debounced(conclude, LATE_REPORTS_MS));
      }, DISCONNECT_GRACE_MS);
    });
  }

  async function endHold(hold, report, failed) {
    const estimate = { cost: hold.estimate };
    try {
      if (failed && report === null) await client.release(hold.id);
      else await client.settle(hold.id, settings.enableCostTracking && report ? report : estimate);
    } catch (error) {
      // What the gateway cannot price is not free: the estimate stands.
      if (report && CLIENTS_MISTAKES.includes(error.status)) {
        log.error('report', `a report was refused (${error.message}); the request is charged its estimate`);
        return endHold(hold, null, false);
      }
      log.error('settle', `a hold could not be ended (${error.message}); it expires and is charged its estimate`);
    }
  }

  /** Resolves once every hold that is being ended has ended: wait for it before `process.exit`. */
  const drain = async () => {
    while (pending.size > 0) await Promise.allSettled(pending);
  };
  return { visit, drain };
}

/** Who, what, which model, how much. An extractor that fails leaves the default's answer when open; budgets still apply. */
async function describe(req, rawReq, settings, log) {
  const ask = async (name, read) => {
    const extractor = settings[name];
    if (!extractor) return undefined;
    try {
      const value = await atMost(settings.timeoutMs, extractor(req));
      return value == null ? null : read(value);
    } catch (error) {
      const status = error?.status ?? error?.statusCode;
      if (status >= 400 && status < 500) throw error; // the extractor refuses the request, for example with 401
      log.error(name, `${name} failed: ${error?.message}`);
      if (!settings.failOpen) throw Object.assign(new Error('an extractor failed'), { answer: UNAVAILABLE });
      return undefined;
    }
  };
  const [subject, operation, model, cost, modelCall] = await Promise.all([
    ask('customUserExtractor', toSubject), ask('customOperationExtractor', toText), ask('customModelExtractor', toText),
    ask('customCostExtractor', exactMoney), ask('customRequestExtractor', toModelCall),
  ]);
  const { user, team } = subject ?? { user: (subject === undefined && settings.trustUserHeader && headerUser(rawReq)) || 'anonymous' };
  return { user, team, operation: operation ?? undefined, model: model ?? undefined, cost: cost ?? undefined, ...modelCall };
}

function headerUser(rawReq) {
  const values = rawReq.headersDistinct['x-user-id'] ?? [];
  if (values.length > 1) {
    throw Object.assign(new Error('X-User-ID is there twice'), { answer: { status: 400, headers: {}, body: '{"error":"X-User-ID is there twice"}' } });
  }
  return values[0];
}

function toText(value) {
  if (typeof value === 'string' && value !== '') return value;
  throw new TypeError('it gave no text');
}

function toSubject(value) {
  const { user, team } = typeof value === 'object' ? value : { user: value };
  return { user: toText(typeof user === 'number' ? String(user) : user), team: team == null ? undefined : toText(team) };
}

function toModelCall({ path, request }) {
  if (typeof request !== 'object' || request === null) throw new TypeError('it gave no { path, request }');
  return { path: path == null ? undefined : toText(path), request };
}

/** What the handler sees as `req.budgetGuard`. */
class Handle {
  #report = null;
  #reported = () => {};
  #state;
  #log;

  constructor({ decision = null, budget = null, remaining = null, holdId }, log) {
    Object.assign(this, { decision, budget, remaining, counted: Boolean(holdId) });
    this.#state = holdId ? 'open' : 'none';
    this.#log = log;
  }

  /** Adds to what the request really cost, in US dollars. */
  reportCost(usd) {
    const cost = exactMoney(usd);
    this.#add(!this.#report?.usage, () => ({ cost: this.#report ? addMoney(this.#report.cost, cost) : cost }));
  }

  /** Adds a provider's usage block, as it came, of one model. */
  reportUsage(model, usage) {
    if (typeof model !== 'string' || model === '' || typeof usage !== 'object' || usage === null) {
      throw new TypeError('reportUsage expects the name of a model and its usage block');
    }
    this.#add(!this.#report || this.#report.model === model, () => ({ model, usage: sum(this.#report?.usage, usage) }));
  }

  #add(fits, next) {
    if (!fits) throw new Error('A hold settles at a cost, or at the usage of one model: report the cost of a request that uses several');
    if (this.#state === 'closed') this.#log.error('late', 'a report came after the response had ended or its client had gone; it is not charged');
    else {
      this.#report = next();
      this.#reported();
    }
  }

  /** Internal: calls back for each report from now on. */
  onReport(callback) {
    this.#reported = callback;
  }

  /** Internal. */
  get hasReport() {
    return this.#report !== null;
  }

  /** Internal: ends reporting; null when nothing was reported. */
  close() {
    this.#state = 'closed';
    return this.#report;
  }
}

function sum(left, right) {
  if (left === undefined || right === undefined) return left ?? right;
  if (typeof left === 'number' && typeof right === 'number') return left + right;
  if (Array.isArray(left) && Array.isArray(right)) return [...left, ...right];
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return right;
  return Object.fromEntries([...new Set([...Object.keys(left), ...Object.keys(right)])].map((key) => [key, sum(left[key], right[key])]));
}

/** Fixes status and headers as `end` does, sending nothing yet: what runs while the answer waits can no longer change it. */
function commitHead(res, chunk, encoding) {
  if (res.headersSent) return;
  const hasBody = res.req.method !== 'HEAD' && ![204, 304].includes(res.statusCode);
  if (hasBody && !['Content-Length', 'Transfer-Encoding', 'Trailer'].some((name) => res.hasHeader(name))) {
    const isText = typeof chunk === 'string';
    res.setHeader('Content-Length', isText ? Buffer.byteLength(chunk, typeof encoding === 'string' ? encoding : 'utf8') : chunk?.byteLength ?? 0);
  }
  res.writeHead(res.statusCode);
}

function isChunk(value) {
  return value == null || typeof value === 'function' || typeof value === 'string' || value instanceof Uint8Array;
}

module.exports = {
  createBudgetMiddleware, budgetGuard: createBudgetMiddleware, createGuard, BudgetMiddlewareOptions, MiddlewareConfig, FrameworkType,
};
