import type { DiagnosisResult } from '../../metrics/diagnosis-result.js'
import { markdownList, markdownTable, markdownText } from '../markdown-text.js'
import {
  episodeSentences,
  episodeTitle,
  FRONTEND_HEAD,
  findings,
  frontendDeaths,
  frontendRow,
  headline,
  masterSentences,
  sourceSentences,
  wayOutTitle,
} from './words.js'

export function diagnosisMarkdown(result: DiagnosisResult): string {
  const { episodes, frontends, errorMs, wayOut, unknownLines, notes, to } = result
  const parts = [
    `## ${markdownText(findings(result).join(' '))}`,
    markdownText(headline(result)),
    ...episodes.flatMap(episode => [
      `### ${markdownText(episodeTitle(episode, to))}`,
      markdownList(episodeSentences(episode, frontends.length)),
    ]),
    ...section('Frontends', frontends, () => {
      const rows = frontends.map(frontend => frontendRow(frontend, errorMs))
      return [markdownTable(FRONTEND_HEAD, rows), markdownList(frontendDeaths(result))].filter(Boolean).join('\n\n')
    }),
    ...section('Master', masterSentences(result), markdownList),
    ...section(wayOutTitle(result), wayOut?.steps ?? [], steps =>
      [numbered(steps), markdownList(wayOut?.arithmetic ?? [])].filter(Boolean).join('\n\n'),
    ),
    ...section('Lines that are not known', unknownLines, lines =>
      markdownTable(
        ['shape', 'lines'],
        lines.map(({ shape, count }) => [shape, String(count)]),
      ),
    ),
    ...section('Read', sourceSentences(result), markdownList),
    ...section('Notes', notes, markdownList),
  ]
  return `${parts.join('\n\n')}\n`
}

function section<T>(title: string, items: readonly T[], text: (items: readonly T[]) => string): string[] {
  return items.length === 0 ? [] : [`### ${markdownText(title)}`, text(items)]
}

function numbered(steps: readonly string[]): string {
  return steps.map((step, i) => `${i + 1}. ${markdownText(step)}`).join('\n')
}
