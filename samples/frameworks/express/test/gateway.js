'use strict';

const http = require('node:http');

const nanos = (usd) => BigInt(Math.round(Number(usd) * 1e9));
const usd = (amount) => Number(amount) / 1e9;

/**
 * A gateway for tests: the decision API with a ledger of its own, one budget for each user. `mode` is what it does with decisions:
 * ok, throttle, reject, 500, 503, 401, 400, hang, reset, lost (decides, and its answer never arrives). `decisionModes` is what it does with the next
 * decisions, one each, `settleModes` with the next settlements and releases.
 */
class StubGateway {
  mode = 'ok';
  decisionModes = [];
  settleModes = [];
  calls = [];
  sockets = 0;
  denial = undefined;

  static async start(limit = '0.10') {
    const gateway = new StubGateway();
    gateway.limit = nanos(limit);
    gateway.holds = new Map();
    gateway.server = http.createServer((req, res) => gateway.#receive(req, res));
    gateway.server.on('connection', () => gateway.sockets++);
    await new Promise((resolve) => gateway.server.listen(0, '127.0.0.1', resolve));
    gateway.url = `http://127.0.0.1:${gateway.server.address().port}`;
    return gateway;
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** The state of all holds, oldest first: what they settled at, 'held' or 'released'. */
  get ledger() {
    return [...this.holds.values()].map((hold) => (hold.state === 'settled' ? usd(hold.cost) : hold.state));
  }

  count(method, path = '') {
    return this.calls.filter((call) => call.method === method && call.url.includes(path)).length;
  }

  async #receive(req, res) {
    let text = '';
    for await (const chunk of req) text += chunk;
    this.calls.push({ method: req.method, url: req.url, text, headers: req.headers });
    const [, , , kind, id, settle] = req.url.split('/');
    const decides = kind === 'decisions';
    const mode = decides ? this.decisionModes.shift() ?? this.mode : this.settleModes.shift() ?? 'ok';
    if (mode === 'hang') return;
    if (mode === 'reset') return req.socket.resetAndDestroy();
    if (/^\d+$/.test(mode)) return this.#answer(res, Number(mode), { title: 'as the test says', detail: 'as the test says' });
    if (mode === 'lost') {
      this.#decide(JSON.parse(text), 'ok');
      return req.socket.resetAndDestroy();
    }
    if (decides) return this.#answer(res, 200, this.#decide(JSON.parse(text), mode));
    return settle ? this.#settle(res, this.#find(id), JSON.parse(text)) : this.#release(res, this.#find(id));
  }

  #decide(request, mode) {
    const { id, user, model = null, estimated_cost: cost = 0.01 } = request;
    const used = [...this.holds.values()].filter((hold) => hold.user === user && hold.state !== 'released').reduce((sum, hold) => sum + hold.cost, 0n);
    const twice = this.holds.get(id);
    if (mode === 'ok' && (twice || used + nanos(cost) <= this.limit)) {
      if (!twice) this.holds.set(id, { user, cost: nanos(cost), state: 'held' });
      const remaining = usd(this.limit - used - (twice ? 0n : nanos(cost)));
      return { decision: 'allow', hold_id: `hold/${id}`, estimated_cost: cost, expires_at: '2026-01-01T00:00:00Z', budget: 'user_daily', remaining };
    }
    if (this.denial) return this.denial;
    const [decision, status, retry] = mode === 'throttle' ? ['throttle', 429, 60] : ['reject', 402, null];
    return {
      decision, status, retry_after: retry,
      headers: retry ? { 'Retry-After': '60' } : { 'x-should-retry': 'false' },
      body: { error: 'Budget limit exceeded', decision, user_id: user, model, retry_after: retry, budget: 'user_daily', operation: request.operation ?? 'api_call' },
    };
  }

  #find(holdId) {
    return this.holds.get(decodeURIComponent(holdId).replace(/^hold\//, ''));
  }

  #settle(res, hold, { cost, usage }) {
    const charge = cost === undefined ? nanos('0.000001') * BigInt(usage.total_tokens) : nanos(cost);
    if (!hold || (hold.state === 'settled' && hold.cost !== charge)) return this.#answer(res, hold ? 409 : 404, { title: 'no such hold to settle' });
    Object.assign(hold, { cost: charge, state: 'settled' });
    return this.#answer(res, 200, { cost: usd(charge) });
  }

  #release(res, hold) {
    if (!hold) return this.#answer(res, 404, { title: 'no such hold' });
    if (hold.state === 'held') hold.state = 'released';
    return res.writeHead(204).end();
  }

  #answer(res, status, body) {
    // A test that needs digits which JavaScript would change gives the text itself.
    res.writeHead(status, { 'Content-Type': 'application/json' }).end(typeof body === 'string' ? body : JSON.stringify(body));
  }
}

module.exports = { StubGateway };
