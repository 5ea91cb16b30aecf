import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import type { BudgetConfig, BudgetHandle } from '../express';

export { BudgetMiddlewareOptions, FrameworkType, MiddlewareConfig } from '../express';
export type { BudgetHandle, BudgetOptions } from '../express';

/** Throws a `TypeError` that lists everything that is wrong with the options and the `LEADFACTORY_*` variables. */
export declare const budgetGuard: FastifyPluginAsync<Omit<BudgetConfig<FastifyRequest>, 'logLevel'>>;

declare module 'fastify' {
  interface FastifyRequest {
    /** Null on a route that is not guarded by `config: { budget: false }`. */
    budgetGuard: BudgetHandle | null;
  }
  interface FastifyContextConfig {
    /** False: the route is not guarded. */
    budget?: false;
  }
}
