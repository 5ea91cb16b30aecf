'use strict';

const NANOS = 9;

/** What the handlers of an app really spent, exactly. */
class Bill {
  #calls = 0;
  #nanos = 0n;

  call() {
    this.#calls++;
  }

  spend(usd) {
    const [whole, fraction = ''] = usd.split('.');
    this.#nanos += BigInt(whole + fraction.padEnd(NANOS, '0'));
  }

  toJSON() {
    const digits = String(this.#nanos).padStart(NANOS + 1, '0');
    return { calls: this.#calls, cost: `${digits.slice(0, -NANOS)}.${digits.slice(-NANOS)}`.replace(/\.?0+$/, '') };
  }
}

module.exports = { Bill };
