import type { IncomingMessage, ServerResponse } from 'node:http';
import type { NextFunction, Request, Response } from 'express';

export type Awaitable<T> = T | PromiseLike<T>;

/** Who pays. */
export interface BudgetSubject {
  user: string | number;
  team?: string | null;
}

/** US dollars: plain digits such as `'0.004'` are passed on digit by digit; a number to 15 digits. */
export type Usd = string | number;

export type LogLevel = 'DEBUG' | 'INFO' | 'WARN' | 'WARNING' | 'ERROR' | 'CRITICAL' | 'FATAL';

export declare const FrameworkType: {
  readonly EXPRESS: 'express';
  readonly FASTIFY: 'fastify';
  readonly FASTAPI: 'fastapi';
  readonly FLASK: 'flask';
  readonly DJANGO: 'django';
  readonly ASPNETCORE: 'aspnetcore';
  readonly GENERIC: 'generic';
};
export type FrameworkType = (typeof FrameworkType)[keyof typeof FrameworkType];

export interface BudgetLogger {
  error(message: string): void;
  warn(message: string): void;
  info(message: string): void;
  debug(message: string): void;
}

/** `Req` is the framework's request: what extractors see. */
export interface BudgetOptions<Req = Request> {
  /** Off: the guard lets everything pass, unasked. Default true. */
  enableBudgetMonitoring?: boolean;
  /** Off: reports are ignored and holds settle at their estimate. Default true. */
  enableCostTracking?: boolean;
  /** Off: nothing is denied; what would have been passes uncounted. Default true. */
  enableThrottling?: boolean;
  /** Accepted; alerts are the gateway's. */
  enableAlerting?: boolean;
  /** Path prefixes that are not guarded, by whole segments. Default `/health`, `/metrics`, `/status`. */
  excludePaths?: readonly string[];
  /** If not empty, only these path prefixes are guarded. */
  includeOnlyPaths?: readonly string[];
  /** Default `OPTIONS`, `HEAD`. */
  excludeMethods?: readonly string[];
  /** Accepted; alerts are the gateway's. */
  asyncProcessing?: boolean;
  /** Remember denials, never an allow. Default true. */
  cacheDecisions?: boolean;
  /** The longest life of a remembered denial. Default 60. */
  cacheTtlSeconds?: number;
  /** The gateway does not decide: pass uncounted, or 503. Default true. */
  failOpen?: boolean;
  /** Default true. */
  logErrors?: boolean;
  /** Default the address in `BUDGETGUARD_URL`, else `http://127.0.0.1:5080`. */
  gatewayUrl?: string;
  /** Sent as a bearer. Default `BUDGETGUARD_KEY`. */
  apiKey?: string;
  /** The longest wait for a decision, all tries together, in milliseconds. Default `BUDGETGUARD_TIMEOUT_MS`, else 300. */
  timeoutMs?: number;
  /** Believe the header `X-User-ID` where there is no extractor. Default false. */
  trustUserHeader?: boolean;
  /** Who pays; null is `anonymous`. */
  customUserExtractor?(req: Req): Awaitable<string | number | BudgetSubject | null | undefined>;
  /** Null leaves it to the gateway: `api_call`. */
  customOperationExtractor?(req: Req): Awaitable<string | null | undefined>;
  customModelExtractor?(req: Req): Awaitable<string | null | undefined>;
  /** The most it may cost; null leaves it to the gateway's default. */
  customCostExtractor?(req: Req): Awaitable<Usd | null | undefined>;
  /** A model API's request, which the gateway costs as if it passed through it. */
  customRequestExtractor?(req: Req): Awaitable<{ path?: string; request: object } | null | undefined>;
  /** Default `console`. */
  logger?: BudgetLogger;
}

/** `budgetOptions` and what surrounds them; flat options do as well. */
export interface BudgetConfig<Req = Request> extends BudgetOptions<Req> {
  budgetOptions?: BudgetOptions<Req>;
  /** Accepted; this adapter knows where it is. */
  framework?: FrameworkType;
  logLevel?: LogLevel;
  /** One line for each guarded request. Default false. */
  enableRequestLogging?: boolean;
}

export interface BudgetMiddlewareOptions<Req = Request> extends BudgetOptions<Req> {}
export declare class BudgetMiddlewareOptions<Req = Request> {
  constructor(values?: BudgetOptions<Req>);
}

export interface MiddlewareConfig<Req = Request> extends BudgetConfig<Req> {}
export declare class MiddlewareConfig<Req = Request> {
  constructor(values?: BudgetConfig<Req>);
}

/** What the handler sees as `req.budgetGuard`. */
export interface BudgetHandle {
  /** What was decided; null for a request that is not guarded. */
  readonly decision: 'allow' | 'throttle' | 'reject' | null;
  readonly budget: string | null;
  /** What the budget has left, as the digits the gateway wrote. */
  readonly remaining: string | null;
  /** Whether the request is held against a budget. */
  readonly counted: boolean;
  /** Adds to what the request really cost. */
  reportCost(usd: Usd): void;
  /** Adds a provider's usage block, as it came, of one model. */
  reportUsage(model: string, usage: object): void;
}

export interface BudgetMiddleware {
  (req: Request, res: Response, next: NextFunction): void;
  /** Resolves once every hold that is being ended has ended: wait for it before `process.exit`. */
  drain(): Promise<void>;
}

/** Throws a `TypeError` that lists everything that is wrong with the options and the `LEADFACTORY_*` variables. */
export declare function createBudgetMiddleware(config?: BudgetConfig): BudgetMiddleware;
export declare const budgetGuard: typeof createBudgetMiddleware;

export type BudgetOutcome = {
  handle?: BudgetHandle;
  answer?: { status: number; headers: Record<string, string | number>; body: string };
  /** The client left while the gateway decided: there is nobody to answer. */
  gone?: true;
};

/** The guard without Express, for adapters of other frameworks on Node's request and response. */
export declare function createGuard<Req>(config?: BudgetConfig<Req>): {
  visit(req: Req, rawReq: IncomingMessage, rawRes: ServerResponse, urls: readonly string[]): Promise<BudgetOutcome>;
  drain(): Promise<void>;
};

declare global {
  namespace Express {
    interface Request {
      /** There once the guard has let the request pass. */
      budgetGuard?: BudgetHandle;
    }
  }
}
