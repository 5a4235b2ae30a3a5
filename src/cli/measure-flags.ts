import type { Command } from 'commander'
import { HarnessError } from '../core/errors.js'
import { parsePercent } from '../core/units.js'
import { MEASURES, type Measure } from '../verdict/measures.js'
import { collect } from './options.js'

export interface MeasureFlags {
  readonly gating?: string
  readonly effect: string[]
}

/** Options of those who compare. */
export function measureOptions(command: Command): Command {
  return command
    .option('--gating <names>', `what decides, separated by commas (${defaults().join(',')})`)
    .option(
      '--effect <name=percent>',
      'how much worse is a regression, such as cpuPerDump=3% (repeatable)',
      collect,
      [],
    )
}

/** @throws {HarnessError} `USAGE` for names that are none */
export function chosenMeasures({ gating, effect }: MeasureFlags): {
  readonly measures: readonly Measure[]
  readonly gating: ReadonlySet<string>
} {
  const effects = new Map(effect.map(parseEffect))
  const names = gating === undefined ? defaults() : namesOf(gating, '--gating')
  return {
    measures: MEASURES.map(measure => ({
      ...measure,
      minimumEffect: effects.get(measure.name) ?? measure.minimumEffect,
    })),
    gating: new Set(names),
  }
}

/** @throws {HarnessError} `USAGE` for one that is none */
export function namesOf(text: string, flag: string): string[] {
  return text.split(',').map(name => known(name.trim(), flag))
}

function defaults(): string[] {
  return MEASURES.filter(({ gating }) => gating).map(({ name }) => name)
}

function parseEffect(text: string): [string, number] {
  const [, name, percent = ''] = /^(\w+)=(.*)$/.exec(text) ?? []
  const share = parsePercent(percent)
  if (name === undefined || share === undefined || share <= 0 || share >= 1)
    throw new HarnessError('USAGE', `--effect ${text}: not an effect`, 'write for example --effect cpuPerDump=3%')
  return [known(name, '--effect'), share]
}

function known(name: string, flag: string): string {
  if (MEASURES.some(measure => measure.name === name)) return name
  const names = MEASURES.map(measure => measure.name).join(', ')
  throw new HarnessError('USAGE', `${flag}: there is no measure "${name}"`, `give of ${names}`)
}
