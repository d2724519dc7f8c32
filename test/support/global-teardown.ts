import { runningServices } from './running-services.ts';

/** Jest's globalTeardown: stops everything that globalSetup started, the data folder last. */
export default async function globalTeardown(): Promise<void> {
  for (const service of runningServices.splice(0)) await service.stop();
}
