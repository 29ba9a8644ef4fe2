import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** Closes a run with what was skipped, by name and reason, and one plain line of counts. */
export default class SkipReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string) => tests.filter((test) => test.result().state === state).length;
    const skipped = tests.filter((test) => test.result().state === 'skipped');
    const failed = count('failed') + errors.length + modules.filter((module) => module.errors().length > 0).length;

    for (const [reason, names] of groupBySkip(skipped)) {
      console.log(`skipped ${names.length}: ${reason}`);
      for (const name of names) console.log(`  ${name}`);
    }
    console.log(`${count('passed')} passed, ${failed} failed, ${skipped.length} skipped`);
  }
}

function groupBySkip(skipped: readonly TestCase[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const test of skipped) {
    const reason = /\[skipped, (.+?)\]/.exec(test.fullName)?.[1] ?? 'switched off in the test itself';
    groups.set(reason, [...(groups.get(reason) ?? []), test.fullName]);
  }
  return groups;
}
