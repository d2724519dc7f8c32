/**
 * A plausible date, as providers end the names of snapshots with it:
 *
 * - OpenAI `gpt-4o-2024-08-06`,
 * - Anthropic `claude-sonnet-4-5-20250929`,
 * - Vertex AI `claude-sonnet-4-5@20250929`,
 * - Bedrock `anthropic.claude-sonnet-4-5-20250929-v1:0`.
 *
 * Its twin is `countersign.undated_model` of the database; test/usage/model-names.test.ts holds the two together.
 */
const DATE =
  /(-20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])|(@|-)20[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])|-20[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])-v[0-9]+:[0-9]+)$/;

/** The name of a model without the date of its snapshot; the name itself where it ends with none. */
export function undatedModel(name: string): string {
  return name.replace(DATE, '');
}

/**
 * Whether what is set for one name holds for a call that was reported with another: a model's name holds for its dated
 * snapshots, a snapshot's for that snapshot alone. The same as `countersign.is_model` of the database.
 */
export function isModel(wanted: string, reported: string): boolean {
  return wanted === reported || wanted === undatedModel(reported);
}
