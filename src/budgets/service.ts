/** The door of this room: what other features may use. */
export { currentAlerts } from './enforcement/alert-service.ts';
export type { AlertView } from './enforcement/alert-view.ts';
