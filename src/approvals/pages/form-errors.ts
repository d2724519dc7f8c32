import type { CodeFault } from '../step-up.ts';

/** What to do about a code that was refused. */
export const CODE_ERRORS: Readonly<Record<CodeFault, string>> = {
  none: 'No code was mailed to you yet. Have one mailed first.',
  used: 'This code was used. Have a new one mailed.',
  expired: 'This code has expired. Have a new one mailed.',
  exhausted: 'This code was tried too often. Have a new one mailed.',
  wrong: 'This is not the code we mailed last. Check it, or have a new one mailed.',
};
