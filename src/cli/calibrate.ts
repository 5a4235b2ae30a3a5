import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { type Clock, monotonicClock, monotonicOriginS } from '../core/clock.js'
import { HarnessError } from '../core/errors.js'
import { packageVersion } from '../core/package-root.js'
import { formatCount } from '../core/units.js'
import { Calibrating, LISTS } from '../drivers/calibration/calibrate.js'
import { STREAMS } from '../drivers/calibration/streams.js'
import { markerOf } from '../drivers/cleanup.js'
import type { Master } from '../masters/master.js'
import { type Calibration, calibrationSchema } from '../masters/model/calibration.js'
import { loadProfile, type Profile } from '../profile/load.js'
import { describeHost } from '../samplers/host.js'
import { cleanupLine } from './cleanup-line.js'
import { checkOutput, costTable, fileSafe, writeCalibration } from './calibration-file.js'
import { removeCalibrationJournal, writeCalibrationJournal } from './calibration-journal.js'
import { createMaster, type MasterChoice, parseMaster } from './choose-master.js'
import { measureMerge } from './measure-merge.js'
import { measureSpread, SPREAD_TEXT } from './measure-spread.js'
import { collect } from './options.js'
import { requirePermissions } from './permission.js'
import { Progress } from './progress.js'
import { reachOptions, type ReachFlags } from './reach-options.js'
import { onInterrupt } from './signals.js'

interface CalibrateFlags extends ReachFlags {
  readonly output?: string
  readonly mailboxes: number
  readonly set: string[]
  readonly realSlave?: true
  readonly quiet?: true
  readonly passwordFile?: string
  readonly allowLoad: string[]
  readonly allowMutations: string[]
}

/** Fewer hold the lock for too short a time to be seen. */
const FEWEST_MAILBOXES = 1_000
/** Whose site is taken: plain names, as most profiles have them. Longer ones cost a list some percent more. */
const SITE_PROFILE = 'resync-storm'

export function calibrateCommand(): Command {
  const command = new Command('calibrate')
    .description('measure what operations cost a master, for models of it')
    .argument('<master>', 'cyrus, cyrus:PREFIX or mupdate://user@host:port')
    .option('-o, --output <file>', 'where the costs go; - is stdout (default: calibration-<version>.json)')
    .option('--mailboxes <number>', 'how many are made for it', count, 50_000)
    .option('-s, --set <master.key=value>', 'how a Cyrus of our own is set up, as for run (repeatable)', collect, [])
    .option('--real-slave', 'for cyrus: also how long a real slave takes to merge the list')
    .option('-q, --quiet', 'no progress')
    .option('--password-file <file>', 'password of a remote master (else MUPDATE_BENCH_PASSWORD, else a prompt)')
    .option('--allow-load <host>', 'let it read whole lists from that host (repeatable)', collect, [])
    .option('--allow-mutations <host>', 'let it create and delete mailboxes there (repeatable)', collect, [])
  return reachOptions(command)
    .addHelpText(
      'after',
      `
Takes about a minute; the host should do nothing else meanwhile. A master that others use is held up by the lists.

Examples:
  mupdate-bench calibrate cyrus --real-slave
  mupdate-bench calibrate cyrus:/opt/cyrus-3.12 --set master.place=disk -o disk.json`,
    )
    .action(async (text: string, flags: CalibrateFlags) => {
      const choice = parseChoice(text, flags)
      const profile = loadSettings(flags, choice)
      checkOutput(flags.output ?? 'calibration.json')
      const clock = monotonicClock(monotonicOriginS())
      const progress = new Progress(process.stderr, flags.quiet === true)
      for (const line of announce(choice, flags)) progress.warn(`will ${line}`)
      const master = await createMaster(choice, profile, clock, flags.passwordFile)
      try {
        await master.start()
        const measured = await calibrate(master, profile, clock, flags, progress)
        const merged = await withMerge(measured, master, choice, flags, clock, progress)
        const another = async () => {
          const next = await createMaster(choice, profile, clock)
          await next.start()
          return next
        }
        const calibration = await withSpread(merged, master, another, profile, clock, progress)
        const path = flags.output ?? `calibration-${fileSafe(calibration.master.version)}.json`
        const isFile = writeCalibration(path, calibration, progress)
        process[isFile ? 'stdout' : 'stderr'].write(
          `${costTable(calibration)}\n${isFile ? `written to ${path}\n` : ''}`,
        )
      } finally {
        progress.clear()
        await master.stop()
      }
    })
}

function parseChoice(text: string, flags: ReachFlags): MasterChoice {
  const choice = parseMaster(text, flags)
  if (choice.kind !== 'embedded' && choice.kind !== 'model') return choice
  throw new HarnessError(
    'USAGE',
    'the embedded master, with a model or without, has no costs of its own to measure',
    'give cyrus, cyrus:PREFIX or mupdate://user@host:port',
  )
}

function loadSettings({ set, mailboxes, realSlave }: CalibrateFlags, choice: MasterChoice): Profile {
  const other = set.find(text => !text.startsWith('master.'))
  if (other !== undefined) {
    throw new HarnessError('USAGE', `--set ${other}: no setting of the master`, 'write --set master.place=disk')
  }
  if (realSlave === true && choice.kind !== 'cyrus') {
    throw new HarnessError('USAGE', '--real-slave: it is the slave of a Cyrus of our own', 'give cyrus or cyrus:PREFIX')
  }
  if (set.length > 0 && choice.kind === 'remote') {
    throw new HarnessError('USAGE', `--set ${set[0]}: a remote master is as it is`, 'leave --set out')
  }
  return loadProfile(SITE_PROFILE, [...set, `site.mailboxes=${mailboxes}`])
}

/** @returns what will be sent, in words. @throws {HarnessError} `USAGE` where that is not permitted */
function announce(choice: MasterChoice, flags: CalibrateFlags): string[] {
  const after = choice.kind === 'remote' ? ', and delete them afterwards' : ''
  const lines = [
    `create ${formatCount(flags.mailboxes)} mailboxes${after}; then set, look up and delete some thousands`,
    `read the whole list ${LISTS} times, up to 6 at once; each holds the master’s lock`,
    `keep up to ${STREAMS} of its workers (mupdate_workers_max, 50 by default)`,
  ]
  if (choice.kind === 'cyrus') lines.push(SPREAD_TEXT)
  if (choice.kind === 'remote') requirePermissions(lines, choice.address, { load: true, mutations: true }, flags)
  return lines
}

async function calibrate(
  master: Master,
  profile: Profile,
  clock: Clock,
  flags: CalibrateFlags,
  progress: Progress,
): Promise<Calibration> {
  const isRemote = master.kind === 'remote'
  const id = randomBytes(3).toString('hex')
  const userPrefix = isRemote ? markerOf(id) : ''
  const journal = journalPath(flags, id)
  const madeAt = new Date().toISOString()
  const calibrating = new Calibrating({
    address: master.address,
    credentials: master.credentials,
    clock,
    site: { ...profile.site, userPrefix },
    seed: profile.seed,
    cleanUp: isRemote,
    onStep: what => progress.line(what),
    onRemoved: () => removeCalibrationJournal(journal),
    onLeft: why => progress.warn(`mailboxes named user.${userPrefix}… are still on the master: ${why}`),
  })
  if (isRemote) {
    const { host, port } = master.address
    writeCalibrationJournal(journal, id, `${host}:${port}`, calibrating.names())
    progress.warn(`its mailboxes are named user.${userPrefix}…; if this is killed: ${cleanupLine(journal, master)}`)
  }
  const release = listenForInterrupt(calibrating, master, progress, journal)
  try {
    const { costs, mailboxes } = await calibrating.measure()
    const { version, mailboxDatabase, settings } = master.describe()
    return calibrationSchema.parse({
      schema: 'mupdate-bench/calibration/1',
      madeAt,
      harnessVersion: packageVersion(),
      host: { ...describeHost() },
      master: { kind: master.kind, version, mailboxDatabase, settings },
      mailboxes,
      costs,
      betweenMasters: null,
      mergePerMailbox: null,
    } satisfies Calibration)
  } finally {
    release()
  }
}

/** Of a Cyrus of our own its mailboxes are still there. */
async function withMerge(
  calibration: Calibration,
  master: Master,
  choice: MasterChoice,
  { realSlave }: CalibrateFlags,
  clock: Clock,
  progress: Progress,
): Promise<Calibration> {
  if (realSlave !== true || choice.kind !== 'cyrus') return calibration
  progress.line('the merge of real slaves')
  return { ...calibration, mergePerMailbox: await measureMerge(master, calibration.mailboxes, clock, choice.prefix) }
}

/** Only those of our own can be started anew. */
async function withSpread(
  calibration: Calibration,
  master: Master,
  another: () => Promise<Master>,
  profile: Profile,
  clock: Clock,
  progress: Progress,
): Promise<Calibration> {
  if (master.kind !== 'cyrus') return calibration
  progress.line('lists of other masters, newly started')
  await master.stop()
  return { ...calibration, betweenMasters: await measureSpread(another, profile, clock) }
}

/** Ctrl-C once: remove what was made; twice: leave it. */
function listenForInterrupt(calibrating: Calibrating, master: Master, progress: Progress, journal: string): () => void {
  return onInterrupt(
    () => calibrating.end(new HarnessError('INTERRUPTED', 'interrupted: nothing was written', '')),
    () => {
      if (master.kind === 'remote')
        progress.warn(`interrupted again: its mailboxes stay; to remove them: ${cleanupLine(journal, master)}`)
      return master.stop()
    },
  )
}

/** Beside what it writes. */
function journalPath({ output }: CalibrateFlags, id: string): string {
  const directory = output === undefined || output === '-' ? '.' : dirname(output)
  return join(directory, `calibration-${id}.journal`)
}

function count(text: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < FEWEST_MAILBOXES || value > 10_000_000) {
    throw new InvalidArgumentError(`Give a whole number from ${FEWEST_MAILBOXES} to 10000000.`)
  }
  return value
}
