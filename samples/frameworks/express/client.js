'use strict';

const ABANDON_MS = 5000;
const ABANDONING = 32;
const NEVER_SENT = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'];
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e]*$/;
const FRAMING = /^(connection|content-length|transfer-encoding)$/i;
const UNITS = 28; // digits that the gateway's decimals keep exactly

/** The text of an amount as a JSON number: what was written, never what floating point made of it. */
function exactMoney(value) {
  let text = typeof value === 'number' ? withoutExponent(Number(value.toPrecision(15))) : value; // 0.1 + 0.2 means 0.3
  if (typeof text !== 'string' || !/^\d+(\.\d+)?$/.test(text) || text.length > UNITS) {
    throw new TypeError(`${show(value)} is no amount of US dollars; expected a number or plain digits such as '0.004', not negative`);
  }
  text = text.replace(/^0+(?=\d)/, '');
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

function withoutExponent(number) {
  const [digits, exponent] = String(number).split('e-');
  const text = exponent === undefined ? digits : '0.' + '0'.repeat(exponent - 1) + digits.replace('.', '');
  return text.slice(0, UNITS); // what is cut off is the noise of floating point
}

function addMoney(left, right) {
  const sum = String(units(left) + units(right)).padStart(UNITS + 1, '0');
  return exactText(sum.slice(0, -UNITS), sum.slice(-UNITS));
}

function exactText(whole, fraction) {
  const rest = fraction.replace(/0+$/, '');
  return rest ? `${whole}.${rest}` : whole;
}

/** The gateway counts in nano-dollars; what is finer is rounded up, never to nothing. */
function nanoDollars(text) {
  const [whole, fraction = ''] = text.split('.');
  if (fraction.length <= 9) return text;
  const nanos = BigInt(whole + fraction.slice(0, 9)) + (/[1-9]/.test(fraction.slice(9)) ? 1n : 0n);
  const digits = String(nanos).padStart(10, '0');
  return exactText(digits.slice(0, -9), digits.slice(-9));
}

/** An amount in whole units of 10^-28 dollars, for sums and comparisons. */
function units(text) {
  const [whole, fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(UNITS, '0'));
}

function show(value) {
  return typeof value === 'string' ? `'${value.slice(0, 100)}'` : String(value).slice(0, 100);
}

/** The members of a JSON object as they were written: a number keeps its digits, a body goes on byte for byte. */
function rawMembers(json) {
  const members = {};
  let depth = 0, name, text, start;
  for (const token of json.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]/g)) {
    const mark = token[0];
    if (mark === '{' || mark === '[') depth++;
    else if (mark[0] === '"') text = mark;
    else if (mark === ':' && depth === 1) [name, start] = [JSON.parse(text), token.index + 1];
    if (depth === 1 && (mark === ',' || mark === '}') && name !== undefined) {
      members[name] = json.slice(start, token.index).trim();
      name = undefined;
    }
    if (mark === '}' || mark === ']') depth--;
  }
  return members;
}

/** The gateway did not answer, or not with what it promises. `kind` is one of connection, timeout, status, answer, refused. */
class GatewayError extends Error {
  constructor(kind, message, status, neverSent = false) {
    super(message);
    this.name = 'GatewayError';
    this.kind = kind;
    this.status = status;
    this.mayHold = (kind === 'timeout' || kind === 'connection') && !neverSent;
  }
}

/** The gateway's decision API. Every call is bounded and may be repeated: the id of a hold makes it one hold. */
class GatewayClient {
  #base;
  #headers;
  #timeoutMs;
  #retryDelays;
  #abandoning = 0;

  constructor({ gatewayUrl, apiKey, timeoutMs, retryDelaysMs = [50, 250, 1000] }) {
    this.#base = gatewayUrl.replace(/\/+$/, '') + '/budgetguard/api';
    this.#headers = { accept: 'application/json', ...(apiKey && { authorization: `Bearer ${apiKey}` }) };
    this.#timeoutMs = timeoutMs;
    this.#retryDelays = retryDelaysMs;
  }

  /** Asks for a decision. A connection that broke, such as a kept one that the gateway had closed, is tried once more with the same id. */
  async decide(facts) {
    const body = decisionBody(facts);
    const deadline = performance.now() + this.#timeoutMs;
    for (let last = false; ; last = true) {
      try {
        return readDecision(await this.#send('POST', '/decisions', body, deadline - performance.now()));
      } catch (error) {
        if (last || error.kind !== 'connection') throw error;
      }
    }
  }

  /** The gateway may have taken a hold and its answer was lost: asked again with the same id it tells which, and that is given back. */
  async abandon(facts) {
    if (this.#abandoning >= ABANDONING) return; // a gateway that hangs is not helped by more of this: those holds expire
    this.#abandoning++;
    try {
      const { holdId } = readDecision(await this.#send('POST', '/decisions', decisionBody(facts), ABANDON_MS));
      if (holdId) await this.release(holdId);
    } finally {
      this.#abandoning--;
    }
  }

  /** Ends a hold at what it cost: the text of an amount, or a model and its usage. */
  settle(holdId, { cost, model, usage }) {
    const body = cost === undefined ? JSON.stringify({ model, usage }) : `{"cost":${nanoDollars(cost)}}`;
    return this.#insist('POST', `/holds/${encodeURIComponent(holdId)}/settle`, body);
  }

  /** Gives a hold back. */
  release(holdId) {
    return this.#insist('DELETE', `/holds/${encodeURIComponent(holdId)}`);
  }

  async #insist(method, path, body) {
    for (let attempt = 0; ; attempt++) {
      try {
        await this.#send(method, path, body, this.#timeoutMs);
        return;
      } catch (error) {
        if (error.kind === 'refused' || attempt === this.#retryDelays.length) throw error;
        await new Promise((resolve) => setTimeout(resolve, this.#retryDelays[attempt]));
      }
    }
  }

  async #send(method, path, body, timeoutMs) {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), Math.max(1, timeoutMs));
    let status, text;
    try {
      const headers = body === undefined ? this.#headers : { ...this.#headers, 'content-type': 'application/json' };
      const response = await fetch(this.#base + path, { method, body, headers, redirect: 'error', signal: abort.signal });
      status = response.status;
      text = await response.text(); // read to its end, or the connection cannot be used again
    } catch (error) {
      if (abort.signal.aborted) throw Object.assign(new GatewayError('timeout', `no answer within ${Math.round(timeoutMs)} ms`), { sentChars: body?.length ?? 0 });
      throw new GatewayError('connection', error.cause?.code ?? error.cause?.message ?? error.message, undefined, NEVER_SENT.includes(error.cause?.code));
    } finally {
      clearTimeout(timer);
    }
    if (status >= 200 && status < 300) return text;
    const refused = status >= 400 && status < 500 && status !== 408 && status !== 429;
    throw new GatewayError(refused ? 'refused' : 'status', `status ${status}${detail(text)}`, status);
  }
}

function decisionBody({ id, user, team, operation, model, cost, request, path }) {
  const members = Object.entries({ id, user, team, operation, model, ...(cost === undefined && { request, path }) })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `"${name}":${JSON.stringify(value)}`);
  if (cost !== undefined) members.push(`"estimated_cost":${nanoDollars(cost)}`);
  return `{${members}}`;
}

function detail(text) {
  try {
    const { detail, title } = JSON.parse(text);
    return detail ?? title ? `: ${String(detail ?? title).slice(0, 300).replace(/[^ -~]/g, '?')}` : ''; // one line of the log, whatever it holds
  } catch {
    return '';
  }
}

function readDecision(text) {
  let answer;
  try {
    answer = JSON.parse(text);
  } catch {
    throw new GatewayError('answer', 'an answer that is no JSON');
  }
  const raw = rawMembers(text);
  const exact = (name) => (typeof answer[name] === 'number' ? raw[name] : undefined);
  if (answer?.decision === 'allow' && (answer.hold_id == null || typeof answer.hold_id === 'string')) {
    const { decision, hold_id: holdId, budget = null, degraded = false } = answer;
    return { decision, holdId, budget, degraded, cost: exact('estimated_cost'), remaining: exact('remaining') ?? null };
  }
  const { decision, status, headers = {}, retry_after: retryAfter = null, body } = answer ?? {};
  const sendable = Number.isInteger(status) && status >= 400 && status <= 599 && raw.body?.startsWith('{') && areHeaders(headers);
  if (!['throttle', 'reject'].includes(decision) || !sendable) {
    throw new GatewayError('answer', 'an answer that is no decision');
  }
  return { decision, retryAfter, resetsAt: body?.resets_at, answer: { status, headers, body: raw.body } };
}

/** Headers that can be sent, none of which says where the body ends. */
function areHeaders(headers) {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) return false;
  return Object.entries(headers).every(([name, value]) => typeof value === 'string' && HEADER_NAME.test(name) && HEADER_VALUE.test(value) && !FRAMING.test(name));
}

module.exports = { GatewayClient, GatewayError, exactMoney, addMoney, units, rawMembers };
