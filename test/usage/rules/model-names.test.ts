import { describe, expect, test } from '@jest/globals';
import { isModel, undatedModel } from '../../../src/usage/rules/model-names.ts';

describe('a model’s name', () => {
  test.each([
    ['gpt-4o', 'gpt-4o-2024-08-06'],
    ['gpt-4o-mini', 'gpt-4o-mini-2024-07-18'],
    ['claude-sonnet-4-5', 'claude-sonnet-4-5-20250929'],
    ['claude-sonnet-4-5', 'claude-sonnet-4-5@20250929'],
    ['claude-3-5-sonnet-v2', 'claude-3-5-sonnet-v2@20241022'],
    ['anthropic.claude-sonnet-4-5', 'anthropic.claude-sonnet-4-5-20250929-v1:0'],
    ['anthropic.claude-3-5-sonnet', 'anthropic.claude-3-5-sonnet-20241022-v2:0'],
  ])('%s holds for the snapshot %s, and not the other way round', (model, snapshot) => {
    expect(undatedModel(snapshot)).toBe(model);
    expect(undatedModel(model)).toBe(model);
    expect(isModel(model, snapshot)).toBe(true);
    expect(isModel(snapshot, model)).toBe(false);
  });

  test.each([
    ['gpt-4o', 'gpt-4o'],
    ['gpt-4o-2024-08-06', 'gpt-4o-2024-08-06'],
    ['text with spaces', 'text with spaces'],
  ])('%s holds for itself', (model, same) => {
    expect(isModel(model, same)).toBe(true);
  });

  test.each([
    ['gpt-4o', 'gpt-4o-mini'],
    ['gpt-4o', 'gpt-4o-mini-2024-07-18'],
    ['gpt-4', 'gpt-4o-2024-08-06'],
    ['gpt-4o', 'gpt-4.1-2025-04-14'],
    ['gpt-4o', 'GPT-4o-2024-08-06'],
    ['gpt-4o', 'gpt-4o-2024-08-06-preview'],
    ['gpt-4o', 'ft:gpt-4o-2024-08-06:lab::id'],
    ['gpt-4', 'gpt-4-0613'],
    ['gpt-4o', 'gpt-4o-2024-13-06'],
    ['gpt-4o', 'gpt-4o-2024-00-06'],
    ['gpt-4o', 'gpt-4o-2024-08-32'],
    ['gpt-4o', 'gpt-4o-2024-08-00'],
    ['gpt-4o', 'gpt-4o-1824-08-06'],
    ['gpt-4o', 'gpt-4o-2024-0806'],
    ['gpt-4o', 'gpt-4o2024-08-06'],
    ['gpt-4o', 'gpt-4o-2024-08-06\n'],
    ['claude', 'claude-20251332'],
    ['claude', 'claude-120250929'],
    ['claude', 'claude-2025092'],
    ['claude', 'claude@2025-09-29'],
    ['claude', 'claude@20250929-v1:0'],
    ['claude', 'claude-20250929-v1'],
    ['claude', 'claude-20250929:0'],
    ['claude', 'claude-20250929-20250930'],
    ['gpt.4o', 'gpt-4o-2024-08-06'],
  ])('%s says nothing of %j', (model, other) => {
    expect(isModel(model, other)).toBe(false);
  });
});
