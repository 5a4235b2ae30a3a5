import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import { HarnessError } from '../core/errors.js'
import { EXIT } from '../core/exit-status.js'
import { checkSettings } from '../masters/cyrus/config.js'
import { type RouteRehearsed, type UpgradeRehearsed, upgradeText } from '../report/upgrade/upgrade.js'
import { UPGRADE_ROUTES, type UpgradeRoute } from '../verdict/upgrade.js'
import { parseMaster } from './choose-master.js'
import { databaseFormat, type OldList, type OldMaster, oldList } from './old-list.js'
import { collect } from './options.js'
import { Progress } from './progress.js'
import { onInterrupt } from './signals.js'
import { type NewMaster, type RouteDatabases, UpgradeRehearsal } from './upgrade-route.js'

interface UpgradeFlags {
  readonly database?: string
  readonly dump?: string
  readonly from?: string
  readonly frontendDatabase?: string
  readonly to: string
  readonly route: readonly UpgradeRoute[]
  readonly set: readonly string[]
  readonly json?: true
}

export function rehearseUpgradeCommand(): Command {
  return new Command('rehearse-upgrade')
    .description('an old master’s list, by each route into a new Cyrus of our own: what is left of it')
    .option('--database <file>', 'the old master’s mailboxes.db, of which a copy is used')
    .option('--dump <file>', 'of ctl_mboxlist -d of the old master, also packed by gzip')
    .option('--from <build>', 'the old programs, cyrus:PREFIX: they dump the database where there is no dump')
    .option('--frontend-database <file>', 'a frontend’s mailboxes.db, to become the new master’s')
    .option('--to <build>', 'the new programs: cyrus, or cyrus:PREFIX', 'cyrus')
    .addOption(
      new Option('--route <name>', 'this one only; may be given more than once (default: all that can be gone)')
        .choices(UPGRADE_ROUTES)
        .argParser((name: string, before: UpgradeRoute[]) => [...before, routeOf(name)])
        .default([] as UpgradeRoute[], 'all'),
    )
    .option('--set <name=value>', 'a line of the new imapd.conf, may be given more than once', collect, [])
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `
Examples:
  mupdate-bench rehearse-upgrade --database mailboxes.db --dump old.txt.gz --to cyrus:/opt/cyrus-3.12
  mupdate-bench rehearse-upgrade --dump old.txt --route convert --route activate

Routes, each on a new master of its own, on this host:
  in-place       the new programs on the old database
  frontend-copy  the new programs on a frontend's database
  undump         ctl_mboxlist -u (-L for text) of the dump as it is
  convert        ctl_mboxlist -u of what dump convert makes of it
  activate       started empty, told all mailboxes, as ctl_mboxlist -m on the backends does
Mailboxes are counted, and compared with the old ones, before a frontend is let in; after a NO-GO none is.
Exit status: 0; 4 where no route is a GO, or one that was asked for by --route is none; 2 for what is no list;
3 where a master cannot be started; 130 interrupted.`,
    )
    .action(rehearse)
}

/** What was asked for, as far as it can be looked at before anything is read. */
interface Asked {
  readonly old: OldMaster
  readonly to: NewMaster
  readonly databases: RouteDatabases
}

/** @throws {HarnessError} `USAGE` */
function askedOf(flags: UpgradeFlags): Asked {
  const { database, dump, frontendDatabase, from } = flags
  if (database === undefined && dump === undefined)
    throw usage('what does the old master hold?', 'give its --database or its --dump, or both')
  if (dump === '-') throw usage('--dump -: a dump is read several times', 'give a file')
  if (from !== undefined && database === undefined)
    throw usage('--from has nothing to dump', 'give the old master’s --database too')
  const databases = {
    ...(database === undefined ? {} : { 'in-place': database }),
    ...(frontendDatabase === undefined ? {} : { 'frontend-copy': frontendDatabase }),
  }
  // That one cannot be read is no matter of its route.
  for (const path of Object.values(databases)) databaseFormat(path)
  return {
    old: {
      ...(database === undefined ? {} : { database }),
      ...(dump === undefined ? {} : { dump }),
      ...(from === undefined ? {} : { from: buildOf('--from', from) }),
    },
    to: { ...buildOf('--to', flags.to), settings: settingsOf(flags.set) },
    databases,
  }
}

async function rehearse(flags: UpgradeFlags): Promise<void> {
  const asked = askedOf(flags)
  const folder = mkdtempSync(join(tmpdir(), 'mupdate-bench-upgrade-'))
  const progress = new Progress()
  let underWay: UpgradeRehearsal | undefined
  const leave = async () => {
    await underWay?.end()
    rmSync(folder, { recursive: true, force: true })
  }
  let isInterrupted = false
  const ignore = onInterrupt(() => {
    isInterrupted = true
    void underWay?.end()
  }, leave)
  try {
    progress.note('reading what the old master holds')
    const old = await oldList(asked.old, folder, asked.to.prefix)
    const routes: RouteRehearsed[] = []
    let to = flags.to
    for (const route of routesFor(flags.route, old, asked.databases)) {
      if (isInterrupted) break
      progress.note(`rehearsing ${route}`)
      underWay = new UpgradeRehearsal(route, old, asked.to, asked.databases, folder)
      routes.push(await underWay.rehearsed())
      if (underWay.description !== undefined) to = `${flags.to}: ${underWay.description}`
    }
    progress.clear()
    if (isInterrupted) throw INTERRUPTED
    print(rehearsed(old, to, routes), flags)
  } catch (error) {
    // What it stopped has failed of that.
    throw isInterrupted ? INTERRUPTED : error
  } finally {
    progress.clear()
    ignore()
    await leave()
  }
}

function print(result: UpgradeRehearsed, { route: asked, json }: UpgradeFlags): void {
  process.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : upgradeText(result))
  const isFailed = asked.length > 0 ? result.routes.some(({ verdict }) => verdict === 'no-go') : result.take === null
  if (isFailed) process.exitCode = EXIT.threshold
}

const INTERRUPTED = new HarnessError('INTERRUPTED', 'interrupted: the routes are not all rehearsed', '')

function rehearsed(
  { source, mailboxes, reserved }: OldList,
  to: string,
  routes: readonly RouteRehearsed[],
): UpgradeRehearsed {
  const take = routes.find(({ verdict }) => verdict === 'go')?.route ?? null
  return { old: { source, mailboxes, reserved }, to, routes, take }
}

/** @throws {HarnessError} `USAGE` for one that was asked for and has nothing to begin with */
function routesFor(asked: readonly UpgradeRoute[], old: OldList, databases: RouteDatabases): readonly UpgradeRoute[] {
  const lacks = (route: UpgradeRoute): string | undefined => {
    if (route === 'in-place' && databases[route] === undefined) return '--database'
    if (route === 'frontend-copy' && databases[route] === undefined) return '--frontend-database'
    return route === 'undump' && !old.isOwn ? '--dump, or --from' : undefined
  }
  for (const route of asked) {
    const lacking = lacks(route)
    if (lacking !== undefined) throw usage(`--route ${route} has nothing to begin with`, `give ${lacking}`)
  }
  return UPGRADE_ROUTES.filter(route => (asked.length === 0 ? lacks(route) === undefined : asked.includes(route)))
}

/** @throws {HarnessError} `USAGE` */
function routeOf(name: string): UpgradeRoute {
  const route = UPGRADE_ROUTES.find(one => one === name)
  if (route === undefined) throw usage(`--route ${name}: no such route`, `give ${UPGRADE_ROUTES.join(', ')}`)
  return route
}

/** @throws {HarnessError} `USAGE` */
function buildOf(option: string, text: string): { readonly prefix?: string } {
  const choice = /^cyrus(:|$)/.test(text) ? parseMaster(text) : undefined
  if (choice?.kind !== 'cyrus') throw usage(`${option} ${text}: no build of Cyrus`, 'give cyrus, or cyrus:PREFIX')
  return choice.prefix === undefined ? {} : { prefix: choice.prefix }
}

/** @throws {HarnessError} `USAGE` */
function settingsOf(sets: readonly string[]): Readonly<Record<string, string>> {
  const settings = Object.fromEntries(
    sets.map(set => {
      const [, name, value] = /^([^=]+)=(.*)$/s.exec(set) ?? []
      if (name === undefined)
        throw usage(`--set ${set}: no line of imapd.conf`, 'write for example mboxlist_db=twoskip')
      return [name, value!] as const
    }),
  )
  checkSettings(settings)
  return settings
}

function usage(message: string, hint: string): HarnessError {
  return new HarnessError('USAGE', message, hint)
}
