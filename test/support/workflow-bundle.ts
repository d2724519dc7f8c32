/** The workflows as globalSetup has bundled them, once for a run. Undefined outside of one: each worker then does it itself. */
export function workflowBundle(): { codePath: string } | undefined {
  const codePath = process.env['TEST_WORKFLOW_BUNDLE'];
  return codePath ? { codePath } : undefined;
}
