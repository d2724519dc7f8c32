/** The door of this room: what other features may use. */
export { presentAlertSettings } from './rules/alert-settings.ts';
export { demand, may, seesAll, teamsWhere } from './authorize.ts';
export { calendarsByName } from './calendars.ts';
export { costSettingsOf } from './cost-settings.ts';
export { type OrganizationSettings, type Team } from './entities.ts';
export { FactsReader, inactiveAmong } from './facts.ts';
export { approvalHierarchy, teamBillingSettings } from './hierarchy.ts';
export { organizationById } from './organizations.ts';
export type { BillingBudgets } from './settings-service.ts';
export { People, type PersonProfile, Profiles } from './people.ts';
export { type PlacedTeam, placedTeams } from './placed-teams.ts';
export { reportRecipients } from './report-recipients.ts';
export { roleReach } from './role-reach.ts';
export type { SignedIn } from './sign-in/sessions.ts';
export type { Visitors } from './sign-in/visitors.ts';
export { currencyOf, teamByAlias, teamPath, teamsDownwards, teamsUpwards } from './teams.ts';
export { teamAliases, teamsById } from './team-aliases.ts';
