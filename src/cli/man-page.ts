import type { Command, Help, Option } from 'commander'
import { EXIT, type ExitStatus } from '../core/exit-status.js'
import { roffList, roffProse, roffText } from './roff.js'

/** As in docs/results.md. */
export const EXIT_MEANINGS: Readonly<Record<ExitStatus, string>> = {
  [EXIT.pass]: 'pass',
  [EXIT.internal]: 'internal error',
  [EXIT.usage]:
    'usage, or an invalid profile; results that cannot be written or read; agents, or NATS, that are not there',
  [EXIT.master]: 'the master could not be reached or set up, refused, or was lost and did not come back',
  [EXIT.threshold]: 'a threshold failed; of gate and compare: a regression',
  [EXIT.invalid]: 'invalid: the harness was the limit, or an agent was lost',
  [EXIT.inconclusive]: 'inconclusive',
  [EXIT.noBaseline]: 'of gate: there is no baseline',
  [EXIT.interrupted]: 'interrupted, by Ctrl-C, SIGTERM or SIGHUP; results are saved',
}

const VARIABLES = [
  ['MUPDATE_BENCH_PASSWORD', 'The password of a remote master, or of the one that master serves.'],
  ['MUPDATE_BENCH_LIVE_TOKEN', 'What a browser must show to see what run --live serves; else one is made up.'],
  ['NATS_PASSWORD', 'The password of --nats-user.'],
  ['MUPDATE_BENCH_DEBUG', 'Set to anything: internal errors come with where they were thrown.'],
  ['NO_COLOR', 'Set to anything: no colours.'],
] as const

const DESCRIPTION = `\
mupdate-bench load-tests MUPDATE masters (RFC 3656), in practice Cyrus IMAP’s mupdate: it creates mailboxes as backends do, \
keeps frontends’ copies of the list as slaves do, and measures what decides whether a murder lives: how long a NOOP takes as a \
slave sees it, how busy the master’s CPU is, how long changes and whole lists take.

A load test can stop a master: do not point run and its like at one in production. doctor is harmless there; \
diagnose, plan and dump only read files.`

const SEE_ALSO = `\
cyrus-mupdatetest(1), cyrus.conf(5), imapd.conf(5), cyrus-ctl_mboxlist(8)

docs/ in the package, or in /usr/share/doc/mupdate-bench: how it measures, profiles, results, and a page for each large command.`

/** The manual page of the program and all below it, in roff with the macros of man(7). */
export function manPage(program: Command, version: string): string {
  const shared: Shared = new Map()
  const commands = program.commands.flatMap(command => commandSections(command, shared))
  const lines = [
    `.TH MUPDATE\\-BENCH 1 "" "mupdate\\-bench ${roffText(version)}" "User Commands"`,
    '.nh',
    '.ad l',
    '.SH NAME',
    'mupdate\\-bench \\- load\\-test MUPDATE masters',
    '.SH SYNOPSIS',
    '\\fBmupdate\\-bench\\fR \\fIcommand\\fR [\\fIoptions\\fR] [\\fIarguments\\fR]',
    '.SH DESCRIPTION',
    ...roffProse(DESCRIPTION),
    '.SH OPTIONS',
    ...optionList(program.createHelp(), program.createHelp().visibleOptions(program)),
    '.SH COMMANDS',
    ...commands,
    ...[...shared].flatMap(([heading, options]) => [
      `.SH ${roffText(titleOf(heading))}`,
      ...optionList(program.createHelp(), [...options.values()]),
    ]),
    '.SH EXIT STATUS',
    ...roffList(Object.entries(EXIT_MEANINGS)),
    ...roffProse('Where several hold, the first of: 130, 1, 2, 3, 5, 4, 6, 7, 0.'),
    '.SH ENVIRONMENT',
    ...roffList(VARIABLES),
    '.SH EXAMPLES',
    ...roffProse(wordsAfter(program).replace(/^\s*Examples:\n/, '')),
    '.SH SEE ALSO',
    ...roffProse(SEE_ALSO),
  ]
  return `${lines.join('\n')}\n`
}

/** Options with a heading of their own, such as `Other machines:`, are those of many commands: they are explained once. */
type Shared = Map<string, Map<string, Option>>

function commandSections(command: Command, shared: Shared): string[] {
  const help = command.createHelp()
  const options = help.visibleOptions(command)
  const headings = new Set(options.flatMap(({ helpGroupHeading }) => helpGroupHeading ?? []))
  const under = (heading?: string) => options.filter(option => option.helpGroupHeading === heading)
  return [
    `.SS ${roffText(help.commandUsage(command))}`,
    roffText(sentence(command.description())),
    ...command.registeredArguments.flatMap(argument => [
      '.TP',
      `\\fI${roffText(argument.name())}\\fR`,
      roffText(help.argumentDescription(argument)),
    ]),
    ...optionList(help, under(undefined)),
    ...[...headings].flatMap(heading => ['.PP', share(shared, heading, under(heading))]),
    ...roffProse(wordsAfter(command)),
    ...command.commands.flatMap(sub => commandSections(sub, shared)),
  ]
}

/** @returns which of them a command has, and where they are explained */
function share(shared: Shared, heading: string, options: readonly Option[]): string {
  const explained = shared.get(heading) ?? new Map<string, Option>()
  shared.set(heading, explained)
  for (const option of options) explained.set(`${option.flags}: ${option.description}`, option)
  const flags = options.map(({ long, short }) => `\\fB${roffText(long ?? short ?? '')}\\fR`)
  return `And ${flags.join(', ')}: see ${roffText(titleOf(heading))}, below.`
}

function optionList(help: Help, options: readonly Option[]): string[] {
  return roffList(options.map(option => [help.optionTerm(option), help.optionDescription(option)]))
}

function titleOf(heading: string): string {
  return heading.replace(/:$/, '').toUpperCase()
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

/** What stands below the options; commander gives it only to who prints the help. */
function wordsAfter(command: Command): string {
  let text = ''
  command.configureOutput({
    writeOut: piece => {
      text += piece
    },
  })
  command.outputHelp()
  return text.slice(command.helpInformation().length)
}
