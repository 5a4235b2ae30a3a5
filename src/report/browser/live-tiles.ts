import type { TimeSummary } from '../../metrics/run-result.js'
import type { SecondLine } from '../../metrics/second-line.js'
import { agentState, agentsThere, worstFirst } from '../page/agent-state.js'
import { boundedTime } from '../page/bounded.js'
import { okPerSecond } from '../page/columns.js'
import { formatValue } from './format.js'

/** Name, value, and what stands small beside it. */
export type Tile = readonly [string, string, string]

/** @param noop as a ProbeWatch has it; none where nothing probes */
export function noopTile(noop: TimeSummary | 'none answered' | undefined): Tile[] {
  if (noop === undefined) return []
  const name = 'NOOP p99, this second'
  if (noop === 'none answered') return [[name, noop, '']]
  return [[name, boundedTime(noop, 'p99'), `half ${boundedTime(noop, 'p50')}`]]
}

/** A closed loop offers as much as is taken: there is nothing that it is a part of. */
export function operationsTile({ operations, offeredPerSecond }: SecondLine): Tile[] {
  const offered = Object.values(offeredPerSecond)
  const done = sum(Object.values(operations).map(okPerSecond))
  if (done + sum(offered) === 0) return []
  const ofAll = offered.length === 0 ? '' : `of ${formatValue('perSecond', sum(offered))}`
  return [['operations done', formatValue('perSecond', done), ofAll]]
}

/** The one to look at: who is gone, or was not heard, or has least left. */
export function agentsTile({ harness }: SecondLine): Tile[] {
  const agents = harness?.agents ?? []
  if (agents.length === 0) return []
  const [worst] = worstFirst(agents)
  return [['agents', `${agentsThere(agents)} of ${agents.length}`, agentState(worst)]]
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
