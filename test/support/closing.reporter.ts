import type { Reporter, SerializedError, TestCase, TestModule } from 'vitest/node';

/** Closes a run with what was skipped, by name and reason, what failed, and one plain line of counts. */
export default class ClosingReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const inState = (state: string) => tests.filter((test) => test.result().state === state);
    const skipped = inState('skipped');
    const failures = [
      ...inState('failed').map((test) => [placeOf(test), test.result().errors ?? []] as const),
      ...modules.map((module) => [module.relativeModuleId, errorsAround(module)] as const),
      ['outside the tests', unhandled] as const,
    ].filter(([, errors]) => errors.length > 0);

    for (const [reason, names] of groupBySkip(skipped)) {
      console.log(`skipped ${names.length}: ${reason}`);
      for (const name of names) console.log(`  ${name}`);
    }
    for (const [place, errors] of failures) {
      console.log(`failed: ${place}`);
      for (const { message } of errors) console.log(`  ${message}`);
    }
    console.log(`${inState('passed').length} passed, ${failures.length} failed, ${skipped.length} skipped`);
  }
}

/** Of the file itself and of the hooks of its suites. */
function errorsAround(module: TestModule): SerializedError[] {
  return [...module.errors(), ...[...module.children.allSuites()].flatMap((suite) => suite.errors())];
}

function placeOf(test: TestCase): string {
  const seconds = ((test.diagnostic()?.duration ?? 0) / 1000).toFixed(1);
  return `${test.module.relativeModuleId} > ${test.fullName} (${seconds} s)`;
}

function groupBySkip(skipped: readonly TestCase[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const test of skipped) {
    const reason = /\[skipped, (.+?)\]/.exec(test.fullName)?.[1] ?? 'switched off in the test itself';
    groups.set(reason, [...(groups.get(reason) ?? []), test.fullName]);
  }
  return groups;
}
