import { budgetGuard, type BudgetHandle } from '@budgetguard/express';

export const guard = budgetGuard();
export const remaining = (handle: BudgetHandle): string | null => handle.remaining;
