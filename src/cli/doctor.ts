import { Command } from 'commander'
import { isLoopback } from '../core/address.js'
import { monotonicClock, monotonicOriginS } from '../core/clock.js'
import { EXIT } from '../core/exit-status.js'
import { packageVersion } from '../core/package-root.js'
import { parseDurationNs } from '../core/units.js'
import { examine } from '../doctor/examine.js'
import type { DoctorResult } from '../metrics/doctor-result.js'
import { doctorText } from '../report/doctor.js'
import { createMaster, credentialsOf, type MasterChoice, parseMaster, type RemoteChoice } from './choose-master.js'
import { gatherFacts, type Patient } from './doctor-facts.js'
import { collect } from './options.js'
import { mayBeSites, requirePermissions } from './permission.js'
import { Progress } from './progress.js'
import { type ReachFlags, reachOptions, reachWords } from './reach-options.js'

export interface DoctorFlags extends ReachFlags {
  readonly dump?: true
  readonly dumpLimit?: string
  readonly json?: true
  readonly passwordFile?: string
  readonly allowLoad: string[]
}

/** Of a master that the harness starts to look at. */
const MANAGED = { master: { place: 'tmpfs', settings: {} }, seed: 1 } as const

/** A 3.6.1 lists 60,000 mailboxes a second, or more; nobody's lock is held for longer than that unasked. */
const DUMP_LIMIT = '60s'

export function doctorCommand(): Command {
  const command = new Command('doctor')
    .description('look at a master: who answers, TLS, login, latency, limits, and what a run would need')
    .argument(
      '<master>',
      'mupdate://user@host:port (mupdates:// with TLS from the first byte on); or embedded, embedded:cyrus, cyrus, cyrus:PREFIX',
    )
    .option('--dump', 'also read the whole list once, as a slave does: it holds the master’s lock for seconds')
    .option('--dump-limit <time>', 'how long that may take', DUMP_LIMIT)
    .option('--json', 'the result as JSON on stdout')
    .option('--password-file <file>', 'its password (else MUPDATE_BENCH_PASSWORD, else a prompt)')
    .option('--allow-load <host>', 'let --dump and --tls starttls be used on that host (repeatable)', collect, [])
  return reachOptions(command)
    .addHelpText(
      'after',
      `
It logs in once and sends NOOP and FIND, for a second or two: harmless, also in production. Without a password it
looks at all that needs none. STARTTLS, which can kill a Cyrus's mupdate, is used only if --tls says so.

Examples:
  mupdate-bench doctor mupdate://murder@mupdate.example.org:3905
  mupdate-bench doctor mupdate://murder@mupdate.example.org --dump --allow-load mupdate.example.org
  mupdate-bench doctor mupdate://murder@staging:3905 --tls starttls --tls-ca ca.pem --allow-load staging
  mupdate-bench doctor cyrus --json

Exit status: 0 nothing, or warnings alone; 2 usage; 3 a run cannot work so: unreachable, refused, no master.`,
    )
    .action(async (text: string, flags: DoctorFlags) => {
      const result = await lookAt(parseMaster(text, flags), flags)
      process.exitCode = result.verdict === 'failed' ? EXIT.master : EXIT.pass
      process.stdout.write(flags.json === true ? `${JSON.stringify(result, null, 2)}\n` : doctorText(result))
    })
}

/** @throws {HarnessError} `USAGE`; or where a master of our own does not start */
export async function lookAt(choice: MasterChoice, flags: DoctorFlags): Promise<DoctorResult> {
  const clock = monotonicClock(monotonicOriginS())
  const progress = new Progress()
  const { dump, dumpLimit = DUMP_LIMIT } = flags
  const limitMs = parseDurationNs(dumpLimit) / 1e6
  const common = { dumpLimitMs: dump === true ? limitMs : undefined, clock, progress }
  try {
    if (choice.kind === 'remote') return await result({ ...common, ...remotePatient(choice, flags) })
    const master = await createMaster(choice, MANAGED, clock)
    progress.note('starting a master')
    try {
      await master.start()
      const { kind, address, credentials } = master
      const reach = reachWords(credentials, address)
      const target = { kind, user: credentials.user, isLoopback: true, tls: null, verifies: true, words: [], reach }
      return await result({ ...common, target, address, credentials: async () => credentials, pid: master.pid() })
    } finally {
      await master.stop()
    }
  } finally {
    progress.clear()
  }
}

const WORDS = ['--allow-load', '--allow-mutations']

/** @throws {HarnessError} `USAGE` for a list that is not permitted */
function remotePatient(
  choice: RemoteChoice,
  { dump, passwordFile, allowLoad }: DoctorFlags,
): Pick<Patient, 'target' | 'address' | 'credentials' | 'pid'> {
  const { address, user, login } = choice
  const what = [
    ...(dump === true ? ['read the whole list once; that UPDATE holds the master’s lock'] : []),
    ...(address.tls?.mode === 'starttls' ? ['use STARTTLS twice, which can kill a Cyrus’s mupdate'] : []),
  ]
  requirePermissions(what, address, { load: what.length > 0, mutations: false }, { allowLoad, allowMutations: [] })
  const target = {
    kind: choice.kind,
    user,
    isLoopback: isLoopback(address.host),
    tls: address.tls?.mode ?? null,
    verifies: address.tls?.verify !== false,
    words: mayBeSites(address) ? WORDS.map(word => `${word} ${address.host}`) : [],
    reach: reachWords({ user, password: '', ...login }, address),
  }
  // Nobody is asked who cannot answer.
  const isToBeHad =
    login.mechanism === 'EXTERNAL' ||
    passwordFile !== undefined ||
    process.env.MUPDATE_BENCH_PASSWORD !== undefined ||
    process.stdin.isTTY
  const credentials = async () => (isToBeHad ? credentialsOf(choice, passwordFile) : undefined)
  return { target, address, credentials, pid: undefined }
}

async function result(patient: Patient): Promise<DoctorResult> {
  const startedAt = new Date().toISOString()
  const startNs = patient.clock.nowNs()
  const facts = await gatherFacts(patient)
  return {
    schema: 'mupdate-bench/doctor/1',
    harnessVersion: packageVersion(),
    startedAt,
    seconds: (patient.clock.nowNs() - startNs) / 1e9,
    ...examine(facts),
    facts,
  }
}
