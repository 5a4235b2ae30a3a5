import { expect, it } from 'vitest'
import type { AgentSecond } from '../../src/metrics/second-line.js'
import { agentState, isAgentWell, worstFirst } from '../../src/report/page/agent-state.js'

const WELL: AgentSecond = { id: 'aa', name: 'fe1', cpuCores: 0.4, silentMs: 200, isLost: false }

it('of agents the one to look at comes first: who is lost, who is silent, who is busiest', () => {
  const agents: AgentSecond[] = [
    { ...WELL, name: 'idle', cpuCores: null },
    WELL,
    { ...WELL, name: 'silent', silentMs: 1_400 },
    { ...WELL, name: 'busy', cpuCores: 3.7 },
    { ...WELL, name: 'gone', isLost: true },
    { ...WELL, name: 'gone too', isLost: true },
  ]
  expect(worstFirst(agents).map(agentState)).toEqual([
    'gone lost',
    'gone too lost',
    'silent silent for 1.4 s',
    'busy 3.70 cores',
    'fe1 0.40 cores',
    'idle',
  ])
  expect(agents.filter(isAgentWell).map(({ name }) => name)).toEqual(['idle', 'fe1', 'busy'])
})
