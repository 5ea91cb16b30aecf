'use strict';

const { units, rawMembers } = require('./client');

const MOST = 1000;

/**
 * Remembers denials, never an allow: an allow takes its hold, or the cache would spend without asking. A denial holds for the same user, model and operation
 * and any cost at least as high, until it may be tried again or the TTL is over.
 */
class Denials {
  #entries = new Map();
  #ttlMs;
  #now;

  constructor({ cacheDecisions, cacheTtlSeconds }, now = Date.now) {
    this.#ttlMs = cacheDecisions ? cacheTtlSeconds * 1000 : 0;
    this.#now = now;
  }

  get size() {
    return this.#entries.size;
  }

  add(facts, denial) {
    const now = this.#now();
    const retryAt = denial.retryAfter === null ? Infinity : now + denial.retryAfter * 1000;
    const resetsAt = Date.parse(denial.resetsAt ?? '');
    const until = Math.min(now + this.#ttlMs, retryAt, Number.isNaN(resetsAt) ? Infinity : resetsAt);
    if (facts.request !== undefined || !(until > now)) return; // what a model's request costs is only known to the gateway
    const key = keyOf(facts);
    this.#entries.delete(key);
    if (this.#entries.size >= MOST) this.#entries.delete(this.#entries.keys().next().value);
    this.#entries.set(key, { denial, until, retryAt, cost: facts.cost });
  }

  find(facts) {
    if (facts.request !== undefined) return null;
    const key = keyOf(facts);
    const entry = this.#entries.get(key);
    if (!entry) return null;
    const now = this.#now();
    if (entry.until <= now) {
      this.#entries.delete(key);
      return null;
    }
    if (entry.cost !== undefined && units(facts.cost) < units(entry.cost)) return null;
    return { ...entry.denial, answer: countedDown(entry.denial.answer, entry.retryAt, now) };
  }
}

// Values, never texts joined by a delimiter: a user may be called anything.
function keyOf({ user, team, model, operation, cost }) {
  return JSON.stringify([user, team, model, operation, cost === undefined]);
}

function countedDown({ status, headers, body }, retryAt, now) {
  if (retryAt === Infinity) return { status, headers, body };
  const left = Math.ceil((retryAt - now) / 1000);
  const members = Object.entries(rawMembers(body)).map(([name, raw]) => `${JSON.stringify(name)}:${name === 'retry_after' ? left : raw}`);
  const changed = Object.entries(headers).map(([name, value]) => [name, /^retry-after$/i.test(name) ? String(left) : value]);
  return { status, headers: Object.fromEntries(changed), body: `{${members}}` };
}

module.exports = { Denials };
