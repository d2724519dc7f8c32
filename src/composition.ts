/** The only place that builds adapters and hands them on. */
export { composeApi } from './composition/api.ts';
export { composeCore, type Core } from './composition/core.ts';
export { composeWorker } from './composition/worker.ts';
