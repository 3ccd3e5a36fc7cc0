/** Test results as text, TAP 14 and JUnit XML. */
import { formatDiagnostic, visible } from '../domain/diagnostic.ts';
import type { CaseResult, TestResult } from './test-run.ts';

export function caseFailure({ expected, got, step }: CaseResult): string {
  const wanted = expected.rule === undefined ? expected.verdict : `${expected.verdict} by ${expected.rule}`;
  const where = step === undefined ? '' : `call ${step}: `;
  return visible(`${where}expected ${wanted}, got ${got.verdict} by ${got.rule}: ${got.reason}`);
}

export function textReport(results: readonly TestResult[]): string {
  const lines: string[] = [];
  for (const result of results) {
    lines.push(result.file);
    if ('errors' in result) {
      lines.push(...result.errors.map((error) => `  ${formatDiagnostic(error)}`));
      continue;
    }
    for (const one of result.cases) {
      lines.push(`  ${one.ok ? 'ok    ' : 'FAILED'} ${visible(one.name)}`);
      if (!one.ok) lines.push(`         ${caseFailure(one)}`);
    }
    const { hit, rules, never } = result.coverage;
    lines.push(`  rules that decided some case: ${hit} of ${rules}`);
    lines.push(...never.map(({ rule, at }) => `    never: ${visible(rule)}  (${at})`));
  }
  const { passed, failed, broken } = totals(results);
  lines.push(`${passed} passed, ${failed} failed${broken === 0 ? '' : `, ${broken} files with errors`}`);
  return lines.join('\n');
}

export function totals(results: readonly TestResult[]): { passed: number; failed: number; broken: number } {
  const cases = results.flatMap((result) => ('errors' in result ? [] : result.cases));
  const passed = cases.filter((one) => one.ok).length;
  return {
    passed,
    failed: cases.length - passed,
    broken: results.filter((result) => 'errors' in result).length,
  };
}

export function tapReport(results: readonly TestResult[]): string {
  const lines: string[] = [];
  let n = 0;
  for (const result of results) {
    if ('errors' in result) {
      lines.push(`not ok ${++n} - ${tapText(result.file)}`);
      lines.push(...result.errors.map((error) => `# ${formatDiagnostic(error)}`));
      continue;
    }
    for (const one of result.cases) {
      lines.push(`${one.ok ? 'ok' : 'not ok'} ${++n} - ${tapText(`${result.file}: ${one.name}`)}`);
      if (!one.ok) lines.push('  ---', `  message: ${JSON.stringify(caseFailure(one))}`, '  ...');
    }
  }
  return ['TAP version 14', `1..${n}`, ...lines].join('\n');
}

/** `#` would begin a directive. */
function tapText(text: string): string {
  return visible(text).replaceAll('\\', '\\\\').replaceAll('#', '\\#');
}

export function junitReport(results: readonly TestResult[]): string {
  const { passed, failed, broken } = totals(results);
  const suites = results.map((result) => {
    if ('errors' in result) {
      const text = xml(result.errors.map(formatDiagnostic).join('\n'));
      return [
        `  <testsuite name="${xml(result.file)}" tests="1" failures="0" errors="1">`,
        `    <testcase name="the files can be read" classname="${xml(result.file)}"><error message="${text}"/></testcase>`,
        '  </testsuite>',
      ].join('\n');
    }
    const cases = result.cases.map((one) => {
      const head = `    <testcase name="${xml(one.name)}" classname="${xml(result.file)}"`;
      return one.ok ? `${head}/>` : `${head}><failure message="${xml(caseFailure(one))}"/></testcase>`;
    });
    const failures = result.cases.filter((one) => !one.ok).length;
    return [
      `  <testsuite name="${xml(result.file)}" tests="${result.cases.length}" failures="${failures}" errors="0">`,
      ...cases,
      '  </testsuite>',
    ].join('\n');
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="policy" tests="${passed + failed + broken}" failures="${failed}" errors="${broken}">`,
    ...suites,
    '</testsuites>',
  ].join('\n');
}

function xml(text: string): string {
  return visible(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
