/** The master secret that the stored histories are encrypted under. They tell of made-up people, and it protects nothing else. */
export const HISTORIES_SECRET = '7e57'.repeat(16);
