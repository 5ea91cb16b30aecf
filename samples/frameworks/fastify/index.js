'use strict';

const { createGuard, BudgetMiddlewareOptions, MiddlewareConfig, FrameworkType } = require('../express');

/**
 * Fastify plugin: asks the gateway before handlers run, after authentication in onRequest or preValidation, and tells it afterwards what a request cost.
 * A route with `config: { budget: false }` is not guarded.
 */
async function budgetGuard(fastify, options) {
  const { prefix, logLevel, logSerializers, ...own } = options; // these are Fastify's own, handed to every plugin
  const guard = createGuard({ framework: FrameworkType.FASTIFY, logger: fastify.log, ...own });

  fastify.decorateRequest('budgetGuard', null);
  fastify.addHook('preHandler', async (request, reply) => {
    if (request.routeOptions.config?.budget === false) return undefined;
    const { handle, answer, gone } = await guard.visit(request, request.raw, reply.raw, [request.originalUrl, request.url]);
    if (gone) return reply.hijack();
    if (!answer) {
      request.budgetGuard = handle;
      return undefined;
    }
    reply.code(answer.status).headers(answer.headers);
    if (!reply.hasHeader('Content-Type')) reply.header('Content-Type', 'application/json');
    return reply.send(answer.body);
  });
  fastify.addHook('onClose', () => guard.drain());
}

// As fastify-plugin does: the hook is for the whole app, not only for routes of this plugin.
budgetGuard[Symbol.for('skip-override')] = true;
budgetGuard[Symbol.for('fastify.display-name')] = '@budgetguard/fastify';

module.exports = { budgetGuard, BudgetMiddlewareOptions, MiddlewareConfig, FrameworkType };
