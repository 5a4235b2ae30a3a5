import { Command, Option } from 'commander'
import { HarnessError } from '../core/errors.js'
import { EXIT } from '../core/exit-status.js'
import { Forecast } from '../dumps/forecast.js'
import type { Fate } from '../dumps/reconciliation.js'
import type { Outcome } from '../dumps/reconciliation-run.js'
import {
  type BackendRead,
  type DumpsReconciled,
  reconciliationJson,
  reconciliationText,
} from '../report/dump/reconciliation.js'
import { badLineOption, type DumpFlags, GivenDump } from './given-dump.js'
import { Progress } from './progress.js'
import { type DumpRead, Reconciling } from './reconciling.js'
import { writePieces } from './write-pieces.js'

/** What `--names` can be asked for. */
const NAMED: Readonly<Record<string, readonly Fate[]>> = {
  wiped: ['wiped'],
  pushed: ['unknown', 'partition', 'acl', 'reserved'],
  unflagged: ['unflagged'],
  removed: ['removed'],
}

interface ReconcileFlags extends DumpFlags {
  readonly unified?: true
  readonly names?: string
  readonly json?: true
}

export function dumpReconcileCommand(): Command {
  return badLineOption(new Command('reconcile'))
    .description('what ctl_mboxlist -m on each backend would push, and which mailboxes it would DELETE there')
    .argument('<master>', 'the master’s: of ctl_mboxlist -d of any version from 2.2 on, also packed by gzip')
    .argument('<backends...>', 'NAME=FILE: a backend, as its imapd.conf names it (servername), and its dump')
    .option('--unified', 'these backends are slaves too (mupdate_config: unified): nothing is deleted there')
    .addOption(
      new Option('--names <what>', 'nothing but names of mailboxes, each behind its backend and a tab')
        .choices(Object.keys(NAMED))
        .conflicts('json'),
    )
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `
Examples:
  mupdate-bench dump reconcile master.json be1.example.com=be1.json be2.example.com=be2.txt.gz
  mupdate-bench dump reconcile master.json be1.example.com=be1.json --names wiped

As ctl_mboxlist of 3.x does it, run on one backend after the other, in the order given: each sees what those
before it have changed on the master. It only reads. The dumps must be as ctl_mboxlist wrote them, not sorted.
Exit status: 0, 4 where a mailbox would be deleted on a backend, or a run would die, 2 for what is no dump.`,
    )
    .action(reconcile)
}

interface BackendDump {
  /** Undefined where the dump has to say it. */
  readonly server: string | undefined
  readonly path: string
}

async function reconcile(masterPath: string, backends: readonly string[], flags: ReconcileFlags): Promise<void> {
  const dumps = backends.map(backendDump)
  const progress = new Progress()
  const reconciling = new Reconciling()
  try {
    const given = [masterPath, ...dumps.map(({ path }) => path)].map(path => new GivenDump(path, flags))
    progress.note(`reading ${masterPath}`)
    const master = await reconciling.readMaster(given[0]!)
    const read: BackendRead[] = []
    for (const [i, dump] of dumps.entries()) {
      progress.note(`reading ${dump.path}`)
      read.push(backendRead(dump, await reconciling.readBackend(given[i + 1]!, i)))
    }
    const servers = read.map(({ server }) => server)
    checkOnce(servers)
    progress.note('comparing')
    const outcomes = foreseen(reconciling.outcomes(servers, flags.unified === true), read)
    const asked = flags.names === undefined ? undefined : NAMED[flags.names]
    if (asked === undefined) for await (const _ of outcomes);
    else await writePieces(namesOf(outcomes, servers, asked), undefined)
    progress.clear()
    if (asked === undefined) print(reconciled(masterPath, master, read, flags), flags)
    else warnOfDeaths(read)
    for (const { bad, path } of given)
      if (bad > 0)
        process.stderr.write(
          `${path}: ${bad} lines that are no mailbox were left out: what is foreseen may not be so\n`,
        )
    if (!read.every(({ forecast }) => forecast.isSafe)) process.exitCode = EXIT.threshold
  } finally {
    progress.clear()
    reconciling.kill()
  }
}

/** @throws {HarnessError} `USAGE` */
function backendDump(text: string): BackendDump {
  const [, server, path] = /^([^\s!=/]+)=(.+)$/s.exec(text) ?? []
  return path === undefined ? { server: undefined, path: text } : { server, path }
}

/** @throws {HarnessError} `USAGE` where it is not known which backend it is, or it is another one */
function backendRead({ server: given, path }: BackendDump, { mailboxes, servers }: DumpRead): BackendRead {
  const told = [...servers.keys()].filter(name => name !== '')
  const server = given ?? (told.length === 1 ? told[0] : undefined)
  if (server === undefined) {
    const what = told.length === 0 ? 'no server' : `${told.length} servers`
    throw usage(`${path}: it names ${what}: which backend is it?`, `name it: be1.example.com=${path}`)
  }
  const elsewhere = mailboxes - (servers.get('') ?? 0) - (servers.get(server) ?? 0)
  if (elsewhere > 0 && elsewhere === mailboxes)
    throw usage(`${path}: all its mailboxes lie on ${told.join(', ')}, none on ${server}`, 'give that backend’s own')
  return { server, path, mailboxes, elsewhere, forecast: new Forecast() }
}

function checkOnce(servers: readonly string[]): void {
  const twice = servers.find((server, i) => servers.indexOf(server) !== i)
  if (twice !== undefined) throw usage(`${twice} is given twice`, 'give one dump of each backend')
}

function usage(message: string, hint: string): HarnessError {
  return new HarnessError('USAGE', message, hint)
}

async function* foreseen(
  outcomes: AsyncIterable<readonly Outcome[]>,
  read: readonly BackendRead[],
): AsyncGenerator<readonly Outcome[]> {
  for await (const batch of outcomes) {
    for (const outcome of batch) read[outcome.backend]!.forecast.add(outcome)
    yield batch
  }
}

async function* namesOf(
  outcomes: AsyncIterable<readonly Outcome[]>,
  servers: readonly string[],
  asked: readonly Fate[],
): AsyncGenerator<Buffer> {
  for await (const batch of outcomes) {
    const lines = batch
      .filter(({ fate }) => asked.includes(fate))
      .map(({ backend, name }) => `${servers[backend]}\t${name}\n`)
    if (lines.length > 0) yield Buffer.from(lines.join(''), 'latin1')
  }
}

function reconciled(
  path: string,
  { mailboxes, servers }: DumpRead,
  backends: readonly BackendRead[],
  { unified }: ReconcileFlags,
): DumpsReconciled {
  const notJudged = [...servers]
    .filter(([server]) => backends.every(backend => backend.server !== server))
    .map(([server, count]) => ({ server, mailboxes: count }))
  return reconciliationJson({ path, mailboxes, notJudged }, backends, unified === true)
}

/** What names alone do not say. */
function warnOfDeaths(read: readonly BackendRead[]): void {
  for (const { server, forecast } of read) {
    if (forecast.diesAt === undefined) continue
    const at = JSON.stringify(forecast.diesAt)
    process.stderr.write(`${server}: the run dies at ${at}, before it takes a flag away or deletes anything there\n`)
  }
}

function print(found: DumpsReconciled, { json }: ReconcileFlags): void {
  process.stdout.write(json ? `${JSON.stringify(found, null, 2)}\n` : reconciliationText(found))
}
