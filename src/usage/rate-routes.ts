import { z } from 'zod';
import { etagOf } from '../platform/http/etag.ts';
import { type Answer, type Route, route } from '../platform/http/route.ts';
import { pageOf, pageQuery } from '../platform/http/schemas.ts';
import { exactly, formatAmount } from '../platform/money.ts';
import type { ExchangeRate, PriceRate } from './entities.ts';
import type { RateService } from './rate-service.ts';
import type { RatesDocument } from './rules/rates.ts';
import {
  exchangeParams,
  exchangeRateSchema,
  newExchangeRateSchema,
  newRateSchema,
  rateParams,
  rateSchema,
} from './schemas.ts';

const TAG = 'Prices';

/** Own prices and exchange rates over HTTP. */
export function rateRoutes(rates: RateService): Route[] {
  return [...priceRoutes(rates), ...exchangeRoutes(rates)];
}

function priceRoutes(rates: RateService): Route[] {
  return [
    route({
      method: 'get',
      path: '/api/v1/organization/rates',
      tag: TAG,
      scope: 'billing:read',
      summary: 'List your own prices, every version',
      query: z.strictObject(pageQuery),
      answers: { 200: pageOf(rateSchema) },
      async handle({ caller, query }) {
        const page = await rates.listRates(caller, query);
        return { status: 200, body: { ...page, items: page.items.map(presentRate) } };
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/organization/rates/{provider}/{model}',
      tag: TAG,
      scope: 'billing:read',
      summary: 'Read your own price of a model',
      etag: 'read',
      params: rateParams,
      query: z.strictObject({ version: z.coerce.number().int().min(1).max(1_000_000).optional() }),
      answers: { 200: rateSchema },
      problems: ['not-found'],
      async handle({ caller, params, query }) {
        return answerRate(await rates.readRate(caller, params, query.version ?? null));
      },
    }),
    route({
      method: 'put',
      path: '/api/v1/organization/rates/{provider}/{model}',
      tag: TAG,
      scope: 'billing:write',
      summary: 'Set your own price of a model, as a new version',
      etag: 'write',
      description:
        'It comes before the public price list, and holds for dated snapshots of the model that have no price of their own. What was booked since `effective_from` is priced again by correction lines, in the background; what had no price gets one.',
      params: rateParams,
      body: newRateSchema,
      answers: { 200: rateSchema },
      async handle({ caller, origin, params, body, ifMatch }) {
        const { effective_from: from, ...document } = body;
        return answerRate(
          await rates.putRate(
            caller,
            origin,
            params,
            document as RatesDocument,
            from === undefined ? null : new Date(from),
            ifMatch,
          ),
        );
      },
    }),
  ];
}

function exchangeRoutes(rates: RateService): Route[] {
  return [
    route({
      method: 'get',
      path: '/api/v1/organization/exchange-rates/{from}/{to}',
      tag: TAG,
      scope: 'billing:read',
      summary: 'Read an exchange rate',
      etag: 'read',
      params: exchangeParams,
      answers: { 200: exchangeRateSchema },
      problems: ['not-found'],
      async handle({ caller, params }) {
        return answerExchangeRate(await rates.readExchangeRate(caller, params));
      },
    }),
    route({
      method: 'put',
      path: '/api/v1/organization/exchange-rates/{from}/{to}',
      tag: TAG,
      scope: 'billing:write',
      summary: 'Set an exchange rate, as a new version',
      etag: 'write',
      description:
        'Costs are booked in the team’s currency. Prices in another one are converted with the rate of the moment of the call. Budgets count what is spent in another currency at the rate of the moment of the spend; their current periods are counted anew before the answer comes.',
      params: exchangeParams,
      body: newExchangeRateSchema,
      answers: { 200: exchangeRateSchema },
      async handle({ caller, origin, params, body, ifMatch }) {
        const from = body.effective_from === undefined ? null : new Date(body.effective_from);
        return answerExchangeRate(await rates.putExchangeRate(caller, origin, params, body.rate, from, ifMatch));
      },
    }),
  ];
}

function answerRate(row: PriceRate): Answer {
  return { status: 200, body: presentRate(row), headers: { ETag: etagOf(row.version) } };
}

function presentRate({
  provider,
  model,
  version,
  rates,
  effectiveFrom,
  createdAt,
}: PriceRate): z.input<typeof rateSchema> {
  const tiers = (rates.tiers ?? []).map((tier) => ({
    above_input_tokens: tier.above_input_tokens,
    per_million: { ...tier.per_million },
  }));
  return {
    provider,
    model,
    version,
    currency: rates.currency,
    per_million: rates.per_million && { ...rates.per_million },
    tiers,
    per_call: rates.per_call ?? null,
    batch_factor: rates.batch_factor ?? '1',
    effective_from: effectiveFrom.toISOString(),
    created_at: createdAt.toISOString(),
  };
}

function answerExchangeRate({
  fromCurrency,
  toCurrency,
  version,
  rate,
  effectiveFrom,
  createdAt,
}: ExchangeRate): Answer {
  const body: z.input<typeof exchangeRateSchema> = {
    from: fromCurrency,
    to: toCurrency,
    version,
    rate: formatAmount(exactly(rate)),
    effective_from: effectiveFrom.toISOString(),
    created_at: createdAt.toISOString(),
  };
  return { status: 200, body, headers: { ETag: etagOf(version) } };
}
