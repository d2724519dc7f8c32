/**
 * The house's rules of who may import whom (docs/ARCHITECTURE.md). Features stand in one order and import only downwards;
 * another feature is entered by its door (`service.ts`, `rules.ts`, `schemas.ts`), never by its store.
 * @type {import('dependency-cruiser').IConfiguration}
 */
const FEATURES = ['tenancy', 'notify', 'audit', 'approvals', 'usage', 'budgets', 'billing', 'reports'];
const COMPOSITION =
  '^src/(composition|composition/[a-z]+|main|api|worker|entities|bootstrap|docs-sections|embedded-services|cli/.*)\\.ts$';

const upwards = FEATURES.map((feature, index) => ({
  name: `${feature}-imports-downwards-only`,
  severity: 'error',
  from: { path: `^src/${feature}/` },
  to: { path: FEATURES.slice(index + 1).map((higher) => `^src/${higher}/`) },
})).filter((rule) => rule.to.path.length > 0);

module.exports = {
  forbidden: [
    ...upwards,
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'platform-knows-no-feature',
      severity: 'error',
      from: { path: '^src/platform/' },
      to: { path: '^src/(tenancy|notify|audit|approvals|usage|budgets|billing|reports|pages)/' },
    },
    {
      name: 'rules-are-pure',
      severity: 'error',
      from: { path: '^src/[^/]+/rules(/|\\.ts$)' },
      to: {
        pathNot: [
          '^src/[^/]+/rules(/|\\.ts$)',
          '^src/platform/(counted|currency|duration|money)\\.ts$',
          'node_modules/(decimal\\.js|temporal-polyfill|ipaddr\\.js)/',
          '^src/notify/webhooks/events\\.ts$',
        ],
      },
    },
    {
      name: 'workflows-see-rules-and-contracts-only',
      severity: 'error',
      from: { path: '^workflows/' },
      to: {
        pathNot: ['^workflows/', '^src/[^/]+/rules(/|\\.ts$)', 'node_modules/@temporalio/(workflow|common)/'],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'a-feature-is-entered-by-its-door',
      severity: 'error',
      from: { path: '^src/([^/]+)/', pathNot: COMPOSITION },
      to: {
        path: '^src/(tenancy|notify|audit|approvals|usage|budgets|billing|reports)/',
        pathNot: ['^src/$1/', '^src/[^/]+/(service|rules|schemas)\\.ts$', '^src/[^/]+/rules/'],
      },
    },
    {
      name: 'routes-stay-thin',
      severity: 'error',
      from: { path: 'routes\\.ts$' },
      to: { path: '^src/[^/]+/store\\.ts$' },
    },
    {
      name: 'the-environment-is-read-once',
      severity: 'error',
      from: { path: '^(src|workflows|activities)/', pathNot: [COMPOSITION, '^src/platform/embedded/'] },
      to: { path: '^src/(composition|page-composition|main|api|worker)\\.ts$' },
    },
    {
      name: 'no-test-code-in-the-product',
      severity: 'error',
      from: { path: '^(src|workflows|activities|migrations)/' },
      to: { path: '^(test|bench|scripts)/' },
    },
    {
      name: 'no-undeclared-package',
      severity: 'error',
      from: { path: '^(src|workflows|activities|migrations)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, pathNot: ['\\.d\\.ts$', '^src/platform/embedded/(guard|sdk-download)\\.ts$'] },
      to: {},
    },
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
