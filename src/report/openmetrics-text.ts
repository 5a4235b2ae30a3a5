/** One family of OpenMetrics text: its samples stand together, after what is said of it. */
export interface Family {
  readonly name: string
  /** Without a `unit` the name needs none. */
  readonly unit?: 'seconds' | 'bytes' | 'ratio'
  readonly help: string
  readonly type: 'gauge' | 'summary'
  readonly samples: readonly Sample[]
}

export interface Sample {
  /** `_sum` or `_count` of a summary. */
  readonly suffix?: '_sum' | '_count'
  readonly labels: Labels
  readonly value: number
}

export type Labels = Readonly<Record<string, string | number>>

/** Families without samples are left out: what was not measured is absent. */
export function openMetricsText(families: readonly Family[]): string {
  return `${families
    .filter(({ samples }) => samples.length > 0)
    .map(familyText)
    .join('')}# EOF\n`
}

function familyText({ name, unit, help, type, samples }: Family): string {
  return [
    `# TYPE ${name} ${type}`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${escaped(help)}`,
    ...samples.map(({ suffix = '', labels, value }) => `${name}${suffix}${labelsText(labels)} ${rounded(value)}`),
    '',
  ].join('\n')
}

/** To nanoseconds: 0.0010002, not 0.0010001999999999999. */
function rounded(value: number): number {
  return Number(value.toFixed(9))
}

function labelsText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(String(value))}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
}
