import type { Route } from '../platform/http/route.ts';
import type { BillingSettingsService } from './billing-settings-service.ts';
import type { KeyService } from './key-service.ts';
import { billingSettingsRoutes } from './routes/billing-settings-routes.ts';
import { keyRoutes } from './routes/key-routes.ts';
import { memberRoutes } from './routes/member-routes.ts';
import { settingsRoutes } from './routes/settings-routes.ts';
import { teamRoutes } from './routes/team-routes.ts';
import type { SettingsService } from './settings-service.ts';
import type { TeamService } from './team-service.ts';

export interface TenancyServices {
  readonly teams: TeamService;
  readonly keys: KeyService;
  readonly settings: SettingsService;
  readonly billing: BillingSettingsService;
}

/** Organizations, teams, people, keys, settings and calendars over HTTP. */
export function tenancyRoutes({ teams, keys, settings, billing }: TenancyServices): Route[] {
  return [
    ...teamRoutes(teams),
    ...memberRoutes(teams),
    ...keyRoutes(keys),
    ...settingsRoutes(settings),
    ...billingSettingsRoutes(billing),
  ];
}
