'use strict';

/** Rejects when a promise takes longer than that. */
function atMost(ms, promise) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error(`it took longer than ${ms} ms`)), ms)));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Calls once nothing was heard for a while; keeps no process running. */
function debounced(call, ms) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(call, ms).unref();
  };
}

module.exports = { atMost, debounced };
