import fastify, { type FastifyRequest } from 'fastify';
import { BudgetMiddlewareOptions, budgetGuard } from '..';

const app = fastify();
void app.register(budgetGuard, {
  customUserExtractor: (request) => request.ip, customCostExtractor: () => '0.02', failOpen: false, budgetOptions: new BudgetMiddlewareOptions<FastifyRequest>({ timeoutMs: 200 }),
});
app.get('/free', { config: { budget: false } }, () => 'ok');
app.post('/paid', (request) => {
  request.budgetGuard?.reportCost('0.004');
  return { remaining: request.budgetGuard?.remaining };
});
