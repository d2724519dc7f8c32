export { approvalChain } from './approval-chain.ts';
export { auditArchiving } from './audit-archiving.ts';
export { auditExport } from './audit-export.ts';
export { auditSealing } from './audit-sealing.ts';
export { budgetEnforcement } from './budget-enforcement.ts';
export { usageReport } from './usage-report.ts';
