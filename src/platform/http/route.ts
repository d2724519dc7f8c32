import type { z } from 'zod';
import type { ProblemCode } from '../errors.ts';
import type { Origin } from '../unit-of-work.ts';
import type { Caller } from './caller.ts';
import type { EtagUse } from './etag.ts';

export type Method = 'get' | 'post' | 'put' | 'delete';

/** A body that is no JSON, or too long to be held. It is not kept to be given again: whoever repeats the request has it made anew. */
export interface Content {
  /** Media type, such as `text/plain`. */
  readonly type: string;
  /** A text, or pieces that are asked for as fast as the client takes them. */
  readonly data: string | AsyncIterable<Uint8Array>;
}

/** What a handler answers. */
export interface Answer {
  readonly status: number;
  readonly body?: object;
  /** Instead of `body`. */
  readonly content?: Content;
  readonly headers?: Readonly<Record<string, string>>;
  /** Internal ids of everybody the body tells about: what is kept of it for a replay is sealed under their keys. */
  readonly subjects?: readonly string[];
  /** Top-level members of the body that are shown this once and never stored. */
  readonly secrets?: readonly string[];
}

/** One attempt to carry out one request. */
export interface Operation {
  /**
   * The id to give to what the request makes. The same for every repetition with the same Idempotency-Key, also after a
   * crash half-way, so that nothing is made twice.
   */
  readonly id: string;
  /** An earlier attempt may have got as far as the commit: look before making. */
  readonly repeated: boolean;
}

export interface RequestContext<Params, Query, Body> {
  readonly caller: Caller;
  readonly origin: Origin;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly operation: Operation;
  readonly ifMatch: string | null;
  readonly ifNoneMatch: string | null;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

interface RouteShape<Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType> {
  readonly method: Method;
  /** `/api/v1/teams/{team}` */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** The scope that a key needs; null where any valid key will do. */
  readonly scope: string | null;
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  /** What the body may be written in; unset: JSON. All of them are JSON. */
  readonly bodyMediaTypes?: readonly string[];
  /** The body may be left out altogether. */
  readonly bodyOptional?: boolean;
  /** Answers by status; null: no body. */
  readonly answers: Readonly<Record<number, z.ZodType | null>>;
  /** What answers are written in that are no problems; unset: JSON. */
  readonly mediaType?: string;
  /** Media types that the answer of 200 may come in besides, and what it is then. */
  readonly alsoAs?: Readonly<Record<string, z.ZodType>>;
  /** Problems besides those that every route has. */
  readonly problems?: readonly ProblemCode[];
  readonly etag?: EtagUse;
  handle(context: RequestContext<z.output<Params>, z.output<Query>, z.output<Body>>): Promise<Answer>;
}

/** A route whose schemas are no longer known to the compiler: what the server mounts and the reference is made from. */
export type Route = Omit<RouteShape<z.ZodType, z.ZodType, z.ZodType>, 'handle'> & {
  handle(context: RequestContext<unknown, unknown, unknown>): Promise<Answer>;
};

/** Declares a route: the schemas validate the request, type the handler, and become the OpenAPI document. */
export function route<
  Params extends z.ZodType = z.ZodUndefined,
  Query extends z.ZodType = z.ZodUndefined,
  Body extends z.ZodType = z.ZodUndefined,
>(shape: RouteShape<Params, Query, Body>): Route {
  return {
    ...shape,
    handle: (context) => shape.handle(context as RequestContext<z.output<Params>, z.output<Query>, z.output<Body>>),
  };
}
