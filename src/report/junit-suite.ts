import { element, xmlText } from './xml.js'

export interface JunitCase {
  readonly name: string
  readonly seconds: number
  readonly outcome?: {
    readonly kind: 'failure' | 'error' | 'skipped'
    readonly type: string
    readonly reasons: readonly string[]
  }
}

export interface JunitSuite {
  readonly profile: string
  readonly startedAt: string
  readonly durationMs: number
  readonly properties: Readonly<Record<string, string | number>>
  readonly cases: readonly JunitCase[]
  readonly output: readonly string[]
}

/**
 * One suite for those who collect test results. Elements, order and attributes are those that Ant's schema and
 * Jenkins's have in common; Ant's wants a host, and its time without a zone.
 */
export function junitSuite({ profile, startedAt, durationMs, properties, cases, output }: JunitSuite): string {
  const count = (kind: string) => cases.filter(({ outcome }) => outcome?.kind === kind).length
  const suite = element(
    'testsuite',
    {
      name: `mupdate-bench ${profile}`,
      package: 'mupdate-bench',
      id: 0,
      timestamp: startedAt.replace(/(\.\d+)?Z$/, ''),
      hostname: 'localhost',
      tests: cases.length,
      failures: count('failure'),
      errors: count('error'),
      skipped: count('skipped'),
      time: (durationMs / 1e3).toFixed(3),
    },
    lines([
      propertiesOf(properties),
      ...cases.map(each => caseText(each, `mupdate-bench.${profile}`)),
      element('system-out', {}, xmlText(output.map(line => `${line}\n`).join(''))),
      element('system-err', {}),
    ]),
  )
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('testsuites', {}, lines([suite]))}\n`
}

function caseText({ name, seconds, outcome }: JunitCase, classname: string): string {
  const attributes = { name, classname, time: seconds.toFixed(3) }
  if (outcome === undefined) return element('testcase', attributes)
  const { kind, type, reasons } = outcome
  const message = reasons[0] ?? type
  return element('testcase', attributes, element(kind, { type, message }, xmlText(reasons.join('\n'))))
}

function propertiesOf(values: JunitSuite['properties']): string {
  return element(
    'properties',
    {},
    lines(Object.entries(values).map(([name, value]) => element('property', { name, value }))),
  )
}

function lines(elements: readonly string[]): string {
  return `\n${elements.join('\n')}\n`
}
