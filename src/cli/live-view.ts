import pc from 'picocolors'
import { formatCount, formatDurationUs } from '../core/units.js'
import { agentState, agentsThere, isAgentWell, worstFirst } from '../report/page/agent-state.js'
import { boundedTime } from '../report/page/bounded.js'
import { STANDINGS, type Standing } from '../slaves/standing.js'
import type { LiveState } from './live-state.js'
import { isNobodys } from './second-figures.js'
import { bar, sparkline } from '../report/sparkline.js'
import { clip, printable, widthOf } from '../core/text-width.js'

type Colours = ReturnType<typeof pc.createColors>

/** A piece of a line. */
interface Part {
  readonly text: string
  /** Of the parts of a line the lightest is left out first; Infinity for what is only ever cut. */
  readonly weight: number
  readonly paint?: (text: string) => string
}

interface Line {
  readonly parts: readonly Part[]
  /** Of the lines the lightest is left out first, where there are too few rows. */
  readonly weight: number
}

const LONGEST_SPARKLINE = 40
const LONGEST_BAR = 20
const LABEL_COLUMNS = 11
const MOST_AGENTS = 8

/**
 * The run as it is, in as many lines as there are rows; none is wider than the terminal, however narrow that is. Figures
 * stay, words and pictures go first.
 */
export function liveView(state: LiveState, columns: number, rows: number, colour: boolean): string[] {
  const paint = pc.createColors(colour)
  const lines = [
    phaseLine(state, columns, paint),
    ...noopLine(state, columns, paint),
    ...cpuLine(state, columns, paint),
    ...loadLine(state),
    ...slavesLine(state, paint),
    ...agentsLine(state, paint),
    ...state.events.map((text, age): Line => ({ weight: age, parts: [{ text, weight: Infinity, paint: paint.dim }] })),
  ]
  return heaviest(lines, rows).map(({ parts }) => fitted(parts, columns))
}

function phaseLine({ title, phase }: LiveState, columns: number, paint: Colours): Line {
  if (phase === undefined) return { weight: 100, parts: [{ text: `${title}: starting`, weight: Infinity }] }
  const { name, number, count, goneS, lengthS, isLimit } = phase
  const seconds = Math.max(0, Math.ceil(lengthS - goneS))
  const left = seconds < 60 ? `${seconds} s` : formatDurationUs(seconds * 1e6)
  return {
    weight: 100,
    parts: [
      { text: title, weight: 1, paint: paint.bold },
      { text: `${number}/${count}`, weight: 2 },
      { text: name, weight: Infinity, paint: paint.cyan },
      { text: bar(lengthS > 0 ? goneS / lengthS : 1, Math.min(LONGEST_BAR, columns >> 2)), weight: 3 },
      ...(isNobodys(phase) ? [] : [{ text: isLimit ? `at most ${left}` : `${left} left`, weight: 4 }]),
    ],
  }
}

function noopLine({ noop, noopP99Us }: LiveState, columns: number, paint: Colours): Line[] {
  if (noop === undefined && noopP99Us.every(value => value === undefined)) return []
  return [
    {
      weight: 90,
      parts: [
        label('NOOP p99'),
        { text: sparkline(noopP99Us, sparklineColumns(columns)), weight: 3, paint: paint.cyan },
        { text: noop === undefined ? 'none answered' : boundedTime(noop, 'p99'), weight: 4 },
        ...(noop === undefined ? [] : [{ text: `p50 ${boundedTime(noop, 'p50')}`, weight: 2 }]),
        ...(noop === undefined ? [] : [{ text: `max ${boundedTime(noop, 'max')}`, weight: 1 }]),
      ],
    },
  ]
}

function cpuLine({ masterCores, peggedShare: pegged = 0 }: LiveState, columns: number, paint: Colours): Line[] {
  const now = masterCores.at(-1)
  if (masterCores.every(value => value === undefined)) return []
  return [
    {
      weight: 80,
      parts: [
        label('master CPU'),
        { text: sparkline(masterCores, sparklineColumns(columns), 1), weight: 3, paint: paint.cyan },
        {
          text: now === undefined ? 'away' : `${now.toFixed(2)} cores`,
          weight: 4,
          paint: pegged > 0 ? paint.red : String,
        },
        ...(pegged > 0 ? [{ text: `pegged ${Math.round(pegged * 100)} %`, weight: 2, paint: paint.red }] : []),
      ],
    },
  ]
}

function loadLine({ load, preload }: LiveState): Line[] {
  if (load !== undefined) {
    const { offeredPerSecond, donePerSecond, createsPerSecond, waiting } = load
    return [
      {
        weight: 60,
        parts: [
          label('operations'),
          ...(offeredPerSecond === undefined
            ? []
            : [{ text: `${formatCount(offeredPerSecond)}/s offered,`, weight: 3 }]),
          { text: `${formatCount(donePerSecond)}/s done`, weight: 4 },
          { text: `(${formatCount(createsPerSecond)} creates)`, weight: 1 },
          ...(waiting > 0 ? [{ text: `${formatCount(waiting)} under way`, weight: 2 }] : []),
        ],
      },
    ]
  }
  if (preload === undefined) return []
  return [
    {
      weight: 60,
      parts: [
        label('created'),
        { text: `${formatCount(preload.mailboxes)} mailboxes`, weight: 2 },
        { text: `${formatCount(preload.perSecond)}/s`, weight: 1 },
      ],
    },
  ]
}

const PAINTED: Readonly<Record<Standing, 'green' | 'yellow' | 'red' | 'dim'>> = {
  streaming: 'green',
  dumping: 'yellow',
  merging: 'yellow',
  connecting: 'dim',
  'timed out': 'red',
}

/** Those that stream are always told; of the others, those that there are. */
function slavesLine({ slaves }: LiveState, paint: Colours): Line[] {
  if (slaves === undefined) return []
  const { count, standings } = slaves
  const parts = STANDINGS.flatMap((standing, index): Part[] =>
    standing !== 'streaming' && standings[standing] === 0
      ? []
      : [
          {
            text:
              standing === 'streaming'
                ? `${formatCount(standings.streaming)}/${formatCount(count)} streaming`
                : `${formatCount(standings[standing])} ${standing}`,
            // The worst last: it is what one looks for.
            weight: standing === 'streaming' ? 9 : index,
            paint: paint[PAINTED[standing]],
          },
        ],
  )
  return [{ weight: 70, parts: [label('slaves', 0), ...parts] }]
}

/** As many as there is room for; those that one has to look at come first. */
function agentsLine({ agents = [] }: LiveState, paint: Colours): Line[] {
  if (agents.length === 0) return []
  const parts = worstFirst(agents)
    .slice(0, MOST_AGENTS)
    .map(
      (agent, i): Part => ({
        text: agentState(agent),
        weight: 8 - i,
        ...(!isAgentWell(agent) && { paint: paint.red }),
      }),
    )
  return [
    {
      weight: 65,
      parts: [label('agents', 0), { text: `${agentsThere(agents)}/${agents.length} there`, weight: 9 }, ...parts],
    },
  ]
}

function label(text: string, weight = 5): Part {
  return { text: text.padEnd(LABEL_COLUMNS), weight }
}

/** As much of the line as leaves room for a label and a figure. */
function sparklineColumns(columns: number): number {
  return Math.min(LONGEST_SPARKLINE, columns < 50 ? columns >> 2 : Math.floor(columns / 3))
}

function heaviest(lines: readonly Line[], rows: number): readonly Line[] {
  const kept = new Set([...lines].sort((a, b) => b.weight - a.weight).slice(0, Math.max(1, rows)))
  return lines.filter(line => kept.has(line))
}

/** Leaves out the lightest parts until the line fits; what is left alone and still too wide is cut. */
function fitted(parts: readonly Part[], columns: number): string {
  let kept = parts.filter(({ text }) => text !== '').map(part => ({ ...part, text: printable(part.text) }))
  const width = () => kept.reduce((sum, { text }) => sum + widthOf(text) + 1, -1)
  while (kept.length > 1 && width() > columns) {
    const lightest = kept.reduce((a, b) => (b.weight < a.weight ? b : a))
    kept = kept.filter(part => part !== lightest)
  }
  if (kept.length === 1) kept = [{ ...kept[0], text: clip(kept[0].text, columns) }]
  return kept.map(({ text, paint }) => (paint === undefined ? text : paint(text))).join(' ')
}
