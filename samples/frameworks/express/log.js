'use strict';

const { LEVELS } = require('./options');

const QUIET_MS = 60_000;

/** Failures are told once for each kind, then at most once a minute with how many there were: a gateway that is down must not fill a disk. */
function createLog({ logger, logErrors, logLevel, enableRequestLogging }, now = Date.now) {
  const kinds = new Map();
  const writes = (level) => LEVELS[level] >= LEVELS[logLevel];
  return {
    error(kind, message) {
      if (!logErrors || !writes('ERROR')) return;
      const seen = kinds.get(kind);
      if (seen && now() - seen.at < QUIET_MS) {
        seen.silenced++;
        return;
      }
      kinds.set(kind, { at: now(), silenced: 0 });
      logger.error(`budget guard: ${message}${seen?.silenced ? ` (${seen.silenced} more of this kind since)` : ''}`);
    },
    warn(message) {
      if (writes('WARN')) logger.warn(`budget guard: ${message}`);
    },
    request({ method }, path, { answer, handle }) {
      if (!enableRequestLogging || !writes('INFO')) return;
      const what = answer ? `answered ${answer.status}` : handle.counted ? 'allowed' : 'passed uncounted';
      logger.info(`budget guard: ${method} ${JSON.stringify(path)} ${what}${handle?.budget ? `, budget ${handle.budget}` : ''}`);
    },
    debug(message) {
      if (writes('DEBUG')) logger.debug(`budget guard: ${message}`);
    },
  };
}

module.exports = { createLog };
