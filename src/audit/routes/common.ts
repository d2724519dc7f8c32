export const PATH = '/api/v1/audit';
export const TAG = 'Audit';
export const READ_SCOPE = 'audit:read';
