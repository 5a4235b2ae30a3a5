import pc from 'picocolors'
import { printable, wrap } from '../core/text-width.js'
import type { DoctorCheck, DoctorResult } from '../metrics/doctor-result.js'

const COLUMNS = 80
/** Of a mark, a check's name and the blanks between. */
const INDENT = 19

const SIGNS: Readonly<Record<DoctorCheck['mark'], () => string>> = {
  ok: () => pc.green('✓'),
  warning: () => pc.yellow('!'),
  failed: () => pc.red('✗'),
  notMeasured: () => pc.dim('–'),
}

/** A master says what it likes: nothing of it steers the terminal. */
export function doctorText(result: DoctorResult): string {
  const { checks, commands, facts, seconds } = result
  const groups = [...new Set(checks.map(({ group }) => group))]
  const lines = [
    headline(result),
    ...groups.flatMap(group => [
      '',
      pc.bold(group),
      ...checks.filter(check => check.group === group).flatMap(checkLines),
    ]),
    ...(commands.length === 0 ? [] : ['', 'To go on with:', ...commands.map(command => `  ${printable(command)}`)]),
    '',
    `✓ well  ! look at it  ✗ a run cannot work so  – not measured; ${seconds.toFixed(1)} s, ${sent(facts)}`,
  ]
  return `${lines.join('\n')}\n`
}

function sent({ login, list, listFailed }: DoctorResult['facts']): string {
  if (login.kind !== 'done') return 'nobody logged in'
  return list === null && listFailed === null ? 'a login, NOOPs, FINDs' : 'a login, NOOPs, FINDs, an UPDATE'
}

function headline({ verdict, checks, facts: { target } }: DoctorResult): string {
  const count = (mark: DoctorCheck['mark']) => checks.filter(check => check.mark === mark).length
  const counts = [
    ...(verdict === 'failed' ? [pc.red(`${count('failed')} failed`)] : []),
    ...(count('warning') > 0 ? [pc.yellow(counted(count('warning'), 'warning'))] : []),
    ...(verdict === 'ok' ? [pc.green('nothing is wrong')] : []),
    ...(count('notMeasured') > 0 ? [`${count('notMeasured')} not measured`] : []),
  ]
  return `${printable(`${target.host}:${target.port}`)}: ${counts.join(', ')}`
}

function checkLines({ name, mark, said, remedy }: DoctorCheck): string[] {
  const width = COLUMNS - INDENT
  const lines = [
    ...wrap(printable(said), width).map(line => line.trimStart()),
    ...(remedy === null ? [] : wrap(printable(`→ ${remedy}`), width)),
  ]
  const head = `  ${SIGNS[mark]()} ${name.padEnd(INDENT - 4)}`
  return lines.map((line, i) => (i === 0 ? head : ' '.repeat(INDENT)) + line)
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
