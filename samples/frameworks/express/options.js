'use strict';

/** The frameworks that LEADFACTORY_FRAMEWORK may name. */
const FrameworkType = Object.freeze({
  EXPRESS: 'express', FASTIFY: 'fastify', FASTAPI: 'fastapi', FLASK: 'flask', DJANGO: 'django', ASPNETCORE: 'aspnetcore', GENERIC: 'generic',
});
const FRAMEWORKS = [...Object.values(FrameworkType), 'auto', 'dotnet', 'expressjs', 'nestjs', 'starlette'];
const LEVELS = { DEBUG: 10, INFO: 20, WARN: 30, WARNING: 30, ERROR: 40, CRITICAL: 50, FATAL: 50 };

/** What the guard does with requests; every member is optional. */
class BudgetMiddlewareOptions {
  constructor(values = {}) {
    Object.assign(this, values);
  }
}

/** Options and what surrounds them. Flat options do as well. */
class MiddlewareConfig {
  constructor(values = {}) {
    Object.assign(this, values);
  }
}

const list = (text) => (text.trim() === '' ? [] : text.split(',').map((part) => part.trim()));
const among = (names) => (value) => typeof value === 'string' && names.includes(value);
const whole = (from, to) => ({
  expects: `a whole number from ${from} to ${to}`,
  read: (text) => (/^\d{1,10}$/.test(text) ? Number(text) : undefined),
  valid: (value) => Number.isInteger(value) && value >= from && value <= to,
});
const PLAIN_PATH = /^\/(?:[^\s?#;\\%*/]+\/)*[^\s?#;\\%*/]*$/;
const isPlainPath = (path) => typeof path === 'string' && PLAIN_PATH.test(path) && !/\/\.\.?(\/|$)/.test(path);

const bool = {
  expects: 'true or false',
  read: (text) => ({ true: true, false: false })[text.toLowerCase()],
  valid: (value) => typeof value === 'boolean',
};
const includedPaths = {
  expects: "plain paths that start with '/', such as '/api'",
  read: list,
  valid: (value) => Array.isArray(value) && value.every(isPlainPath),
};
const excludedPaths = {
  ...includedPaths,
  expects: "plain paths that start with '/', such as '/health'; to exclude all, turn enableBudgetMonitoring off",
  valid: (value) => includedPaths.valid(value) && !value.includes('/'),
};
const methods = {
  expects: "HTTP methods such as 'OPTIONS'",
  read: list,
  valid: (value) => Array.isArray(value) && value.every((method) => typeof method === 'string' && /^[A-Za-z-]+$/.test(method)),
};
const level = { expects: `one of ${Object.keys(LEVELS).join(', ')}`, read: (text) => text.toUpperCase(), valid: among(Object.keys(LEVELS)) };
const framework = { expects: `one of ${FRAMEWORKS.join(', ')}`, read: (text) => text.toLowerCase(), valid: among(FRAMEWORKS) };
const url = { expects: "an address such as 'http://127.0.0.1:5080', without a user, a query or a fragment", read: (text) => text, valid: isAddress };
const key = {
  expects: 'a key of printable characters', secret: true, read: (text) => text, valid: (value) => typeof value === 'string' && /^[\x21-\x7e]+$/.test(value),
};
const callback = { expects: 'a function', valid: (value) => typeof value === 'function' };
const logger = {
  expects: 'an object with the functions error, warn, info and debug',
  valid: (value) => ['error', 'warn', 'info', 'debug'].every((name) => typeof value?.[name] === 'function'),
};

function isAddress(value) {
  try {
    const { protocol, username, password, search, hash } = new URL(value);
    return /^https?:$/.test(protocol) && !(username || password || search || hash);
  } catch {
    return false;
  }
}

/** option: what it takes, its default, its environment variable. */
const OPTIONS = {
  framework: [framework, 'express', 'LEADFACTORY_FRAMEWORK'],
  enableBudgetMonitoring: [bool, true, 'LEADFACTORY_ENABLE_BUDGET_MONITORING'],
  enableCostTracking: [bool, true, 'LEADFACTORY_ENABLE_COST_TRACKING'],
  enableThrottling: [bool, true, 'LEADFACTORY_ENABLE_THROTTLING'],
  enableAlerting: [bool, true, 'LEADFACTORY_ENABLE_ALERTING'],
  excludePaths: [excludedPaths, ['/health', '/metrics', '/status'], 'LEADFACTORY_EXCLUDE_PATHS'],
  includeOnlyPaths: [includedPaths, [], 'LEADFACTORY_INCLUDE_ONLY_PATHS'],
  excludeMethods: [methods, ['OPTIONS', 'HEAD'], 'LEADFACTORY_EXCLUDE_METHODS'],
  asyncProcessing: [bool, true, 'LEADFACTORY_ASYNC_PROCESSING'],
  cacheDecisions: [bool, true, 'LEADFACTORY_CACHE_DECISIONS'],
  cacheTtlSeconds: [whole(0, 2147483647), 60, 'LEADFACTORY_CACHE_TTL_SECONDS'],
  failOpen: [bool, true, 'LEADFACTORY_FAIL_OPEN'],
  logErrors: [bool, true, 'LEADFACTORY_LOG_ERRORS'],
  logLevel: [level, 'INFO', 'LEADFACTORY_LOG_LEVEL'],
  enableRequestLogging: [bool, false, 'LEADFACTORY_ENABLE_REQUEST_LOGGING'],
  gatewayUrl: [url, 'http://127.0.0.1:5080', 'BUDGETGUARD_URL'],
  apiKey: [key, undefined, 'BUDGETGUARD_KEY'],
  timeoutMs: [whole(1, 60000), 300, 'BUDGETGUARD_TIMEOUT_MS'],
  trustUserHeader: [bool, false],
  customUserExtractor: [callback],
  customOperationExtractor: [callback],
  customModelExtractor: [callback],
  customCostExtractor: [callback],
  customRequestExtractor: [callback],
  logger: [logger, console],
};

/** Defaults, then environment variables, then the code. Everything that is wrong is told at once. */
function resolveOptions(config = {}, env = process.env) {
  const { budgetOptions = {}, ...rest } = config;
  const given = { ...budgetOptions, ...rest };
  const problems = [];
  const settings = {};
  const check = (name, where, kind, value, shown = value) => {
    if (kind.valid(value)) settings[name] = value;
    else problems.push(`${where}: ${kind.secret ? 'the value' : JSON.stringify(shown) ?? String(shown)} is not valid; expected ${kind.expects}`);
  };

  for (const [name, [kind, fallback, variable]] of Object.entries(OPTIONS)) {
    settings[name] = fallback;
    if (variable !== undefined && env[variable] !== undefined) check(name, variable, kind, kind.read(env[variable]), env[variable]);
    if (given[name] !== undefined) check(name, name, kind, given[name]);
  }

  const variables = Object.values(OPTIONS).map((option) => option[2]).filter((name) => name?.startsWith('LEADFACTORY_'));
  for (const name of Object.keys(env).filter((name) => name.startsWith('LEADFACTORY_') && !variables.includes(name))) {
    problems.push(`${name}: unknown variable; expected one of ${variables.join(', ')}`);
  }
  for (const name of Object.keys(given).filter((name) => !Object.hasOwn(OPTIONS, name))) {
    problems.push(`${name}: unknown option; expected one of ${Object.keys(OPTIONS).join(', ')}`);
  }
  if (problems.length > 0) throw new TypeError(`BudgetGuard is not configured as it should be:\n  ${problems.join('\n  ')}`);

  const normal = (path) => path.toLowerCase().replace(/(.)\/$/, '$1');
  settings.excludePaths = settings.excludePaths.map(normal);
  settings.includeOnlyPaths = settings.includeOnlyPaths.map(normal);
  settings.excludeMethods = settings.excludeMethods.map((method) => method.toUpperCase());
  return Object.freeze(settings);
}

/**
 * Why a request is not guarded, or null. A path counts as let off only in every spelling given: as the client wrote it, and as routing sees it under a mount.
 * One that another server may read differently is never let off.
 */
function letOff(settings, method, urls) {
  if (!settings.enableBudgetMonitoring) return 'monitoring is off';
  if (settings.excludeMethods.includes(method.toUpperCase())) return 'its method is excluded';
  return urls.every((url) => isLetOff(settings, url.split('?', 1)[0])) ? 'its path is excluded' : null;
}

function isLetOff(settings, path) {
  if (!/^\/[\x21-\x7e]*$/.test(path) || /\/\/|[\\;%#]|\.(\/|$)/.test(path)) return false;
  const lower = path.toLowerCase();
  const under = (prefix) => prefix === '/' || lower === prefix || lower.startsWith(prefix + '/');
  return settings.excludePaths.some(under) || (settings.includeOnlyPaths.length > 0 && !settings.includeOnlyPaths.some(under));
}

module.exports = { BudgetMiddlewareOptions, MiddlewareConfig, FrameworkType, LEVELS, resolveOptions, letOff };
