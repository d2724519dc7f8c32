/**
 * What globalSetup has started and globalTeardown must stop, in this order. Jest loads the two apart from each other,
 * so that a variable of a module may be there twice: it is kept on the global object.
 */
declare global {
  var countersignTestServices: { stop(): Promise<void> }[] | undefined;
}

globalThis.countersignTestServices ??= [];

export const runningServices = globalThis.countersignTestServices;
