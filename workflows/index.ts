export { approvalChain } from './approval-chain.ts';
