import type { Request, RequestHandler, Response } from 'express';
import { BudgetMiddlewareOptions, budgetGuard, createBudgetMiddleware, FrameworkType, MiddlewareConfig } from '@budgetguard/express';

const options = new BudgetMiddlewareOptions({
  enableThrottling: true, excludePaths: ['/health', '/admin'], cacheTtlSeconds: 120, failOpen: false,
  customUserExtractor: async (req) => ({ user: req.ip ?? 'anonymous', team: null }),
  customOperationExtractor: (req) => (req.path.includes('chat') ? 'chat_completion' : null),
  customCostExtractor: (req: Request) => (req.get('x-large') ? '0.10' : 0.01),
  customRequestExtractor: (req) => ({ path: '/v1/chat/completions', request: req.body }),
});
export const guard: RequestHandler = createBudgetMiddleware(new MiddlewareConfig({ framework: FrameworkType.EXPRESS, budgetOptions: options, logLevel: 'DEBUG' }));
export const flat = budgetGuard({ gatewayUrl: 'http://127.0.0.1:5080', timeoutMs: 200, logger: console });
export const drained: Promise<void> = flat.drain();

export function handler(req: Request, res: Response): void {
  req.budgetGuard?.reportCost('0.004');
  req.budgetGuard?.reportUsage('gpt-4o', { prompt_tokens: 1, completion_tokens: 2 });
  const left: string | null | undefined = req.budgetGuard?.remaining;
  res.json({ left });
}

// @ts-expect-error a misspelt option
budgetGuard({ failOpn: true });
// @ts-expect-error a cost is no truth value
budgetGuard({ customCostExtractor: () => true });
