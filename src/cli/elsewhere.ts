import { type Command, Option } from 'commander'
import { findAgents } from '../agents/find-agents.js'
import { HarnessError } from '../core/errors.js'
import { packageVersion } from '../core/package-root.js'
import type { MasterChoice } from './choose-master.js'
import { findProbe } from './choose-probe.js'
import { connectNats, NATS_GROUP, type NatsFlags, natsOptions } from './nats.js'
import { workersFrom } from './options.js'
import type { Progress } from './progress.js'
import type { Elsewhere } from './run-profile.js'

/** Who on other machines is to take part. */
export interface ElsewhereFlags extends NatsFlags {
  readonly agents?: number
  /** Undefined for a command that takes none. */
  readonly onAgentLoss?: 'stop' | 'continue'
  readonly probe?: string
}

/** What is not asked of agents. */
interface Traced {
  readonly trace?: string
}

/** Options of all commands whose slaves can be dealt out. */
export function elsewhereOptions(command: Command): Command {
  const options = [
    new Option('--agents <k>', 'deal slaves out to so many agents too (mupdate-bench agent)').argParser(workersFrom),
    new Option(
      '--probe <name>',
      'the one that watches the process of a remote master (mupdate-bench probe; with --nats whichever is beside it)',
    ),
    new Option('--on-agent-loss <what>', 'stop, or go on without its slaves: then the verdict says which')
      .choices(['stop', 'continue'])
      .default('stop'),
  ]
  for (const option of options) command.addOption(option.helpGroup(NATS_GROUP))
  return natsOptions(command)
}

/** Asked before each run of a command: agents, and probes, come and go. */
export type FindElsewhere = (master: MasterChoice) => Promise<Elsewhere | undefined>

/**
 * Connects to NATS where that is of use, for as long as the command has runs.
 *
 * @param masters those of its runs, by what was given for them
 * @param who the command, as NATS's own tools show it
 * @throws {HarnessError} `USAGE`, `AGENTS`
 */
export async function withElsewhere<T>(
  flags: ElsewhereFlags & Traced,
  masters: Readonly<Record<string, MasterChoice>>,
  { who, progress }: { readonly who: string; readonly progress: Progress },
  runs: (find: FindElsewhere) => Promise<T>,
): Promise<T> {
  checkUse(flags, masters)
  const { agents: count, probe: name, nats: url, onAgentLoss = 'stop' } = flags
  const mayHaveProbe = ({ kind }: MasterChoice) => kind === 'remote' && (url ?? name) !== undefined
  if (count === undefined && !Object.values(masters).some(mayHaveProbe)) return runs(async () => undefined)
  const nats = await connectNats(flags, `mupdate-bench ${who}`)
  const said = new Set<string>()
  const warn = (line: string) => {
    if (!said.has(line)) progress.warn(line)
    said.add(line)
  }
  try {
    return await runs(async master => {
      if (count === undefined && !mayHaveProbe(master)) return undefined
      const [agents, probe] = await Promise.all([
        count === undefined ? undefined : findAgents(nats, count, packageVersion()),
        master.kind === 'remote' && mayHaveProbe(master)
          ? findProbe(nats, { name, warn, address: master.address })
          : undefined,
      ])
      return { nats, agents, onAgentLoss, probe }
    })
  } finally {
    await nats.close()
  }
}

/** @throws {HarnessError} `USAGE` where somebody else was asked for, and there is nothing to take part in */
export function refuseElsewhere({ agents, probe, nats }: ElsewhereFlags, why: string): void {
  const given = { '--agents': agents, '--probe': probe, '--nats': nats === process.env.NATS_URL ? undefined : nats }
  const [asked] = Object.entries(given).filter(([, value]) => value !== undefined)
  if (asked !== undefined) throw new HarnessError('USAGE', `${asked[0]} with ${why}`, 'leave it out')
}

/** @throws {HarnessError} `USAGE` for what would do nothing */
function checkUse(
  { agents, onAgentLoss, probe, nats, trace }: ElsewhereFlags & Traced,
  masters: Readonly<Record<string, MasterChoice>>,
): void {
  const given = Object.keys(masters).join(', ')
  const isRemote = Object.values(masters).some(({ kind }) => kind === 'remote')
  if (agents !== undefined && trace !== undefined)
    throw new HarnessError('USAGE', '--agents with --trace: what agents send is not traced', 'leave out one of them')
  if (agents === undefined && onAgentLoss === 'continue')
    throw new HarnessError('USAGE', '--on-agent-loss without --agents: there are none to lose', 'add --agents K')
  if (probe !== undefined && !isRemote)
    throw new HarnessError('USAGE', `--probe with ${given}`, 'leave it out: that one is watched from here')
  // In the environment it is for whoever has a use for it.
  if (agents === undefined && !isRemote && nats !== process.env.NATS_URL)
    throw new HarnessError(
      'USAGE',
      `--nats with ${given}${onAgentLoss === undefined ? '' : ', and without --agents'}: nobody is asked for there`,
      onAgentLoss === undefined ? 'leave it out' : 'add --agents K, or leave it out',
    )
}
