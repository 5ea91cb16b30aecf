import guard from './index.js';

export const { createBudgetMiddleware, budgetGuard, createGuard, BudgetMiddlewareOptions, MiddlewareConfig, FrameworkType } = guard;
