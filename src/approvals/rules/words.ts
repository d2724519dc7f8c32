import { counted } from '../../platform/counted.ts';
import type { Role } from '../../tenancy/rules/roles.ts';

/** `nobody`, `1 person`, `2 people`. */
export function people(count: number): string {
  if (count === 0) return 'nobody';
  return counted(count, 'person', 'people');
}

/** `1 approval`, `2 approvals`. */
export function approvals(count: number): string {
  return counted(count, 'approval');
}

/** `stage 2` for the stage with index 1: people count from 1. */
export function stageWord(index: number): string {
  return `stage ${index + 1}`;
}

/** `stage 1`, or `stages 1, 2 and 4`. */
export function stagesWord(indexes: readonly number[]): string {
  const numbers = indexes.map((index) => String(index + 1));
  return numbers.length === 1
    ? `stage ${numbers.join('')}`
    : `stages ${numbers.slice(0, -1).join(', ')} and ${numbers.at(-1)}`;
}

/** `compliance officer`. */
export function roleWord(role: Role): string {
  return role.replaceAll('_', ' ');
}

/** The same with a capital letter, to begin a sentence. */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
