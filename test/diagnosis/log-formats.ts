/** A line that somebody wrote; rendered by a format below as a log would have it. */
export interface Written {
  readonly atMs: number
  readonly host: string
  readonly ident: string
  readonly pid: number
  readonly text: string
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const two = (value: number) => String(value).padStart(2, '0')

/** In this process's time zone, as syslogd writes it. */
function short(atMs: number): string {
  const date = new Date(atMs)
  return `${MONTHS[date.getMonth()]} ${String(date.getDate()).padStart(2)} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')}`
}

function isoWithZone(atMs: number, minutesEast: number): string {
  const zone = `${minutesEast < 0 ? '-' : '+'}${two(Math.floor(Math.abs(minutesEast) / 60))}:${two(Math.abs(minutesEast) % 60)}`
  return new Date(atMs + minutesEast * 60_000).toISOString().replace('Z', zone)
}

const tag = ({ ident, pid, text }: Written) => `${ident}[${pid}]: ${text}`

function entry(line: Written): [string, string][] {
  return [
    ['__CURSOR', 's=1'],
    ['__REALTIME_TIMESTAMP', String(line.atMs * 1000)],
    ['PRIORITY', '5'],
    ['_HOSTNAME', line.host],
    ['SYSLOG_IDENTIFIER', line.ident],
    ['SYSLOG_PID', String(line.pid)],
    ['MESSAGE', line.text],
  ]
}

/** A field as bytes with their number before them; where that is 10, the number too holds a newline. */
function binary(name: string, text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8')
  const size = Buffer.alloc(8)
  size.writeBigUInt64LE(BigInt(bytes.length))
  return Buffer.concat([Buffer.from(`${name}\n`), size, bytes, Buffer.from('\n')])
}

function exported(line: Written): Buffer {
  const fields = entry(line).map(([name, value]) =>
    name === 'MESSAGE' ? binary(name, value) : Buffer.from(`${name}=${value}\n`),
  )
  return Buffer.concat([...fields, binary('COREDUMP', 'a\nmupdate\n'), Buffer.from('\n')])
}

const inLines = (render: (line: Written) => string) => (lines: readonly Written[]) =>
  Buffer.from(lines.map(line => `${render(line)}\n`).join(''), 'utf8')

export const FORMATS: Readonly<Record<string, (lines: readonly Written[]) => Buffer>> = {
  'RFC 3164': inLines(line => `${short(line.atMs)} ${line.host} ${tag(line)}`),
  'RFC 3164 with its priority': inLines(line => `<181>${short(line.atMs)} ${line.host} ${tag(line)}`),
  'RFC 3164, Solaris': inLines(
    ({ text, ...line }) =>
      `${short(line.atMs)} ${line.host} ${tag({ ...line, text: `[ID 702911 local6.notice] ${text}` })}`,
  ),
  'rsyslog’s ISO time': inLines(line => `${isoWithZone(line.atMs, 120)} ${line.host} ${tag(line)}`),
  'short-iso': inLines(
    line =>
      `${isoWithZone(line.atMs, -330)
        .replace(/\.\d+/, '')
        .replace(/:(\d\d)$/, '$1')} ${line.host} ${tag(line)}`,
  ),
  'short-full': inLines(
    line => `Sat ${new Date(line.atMs).toISOString().slice(0, 19).replace('T', ' ')} UTC ${line.host} ${tag(line)}`,
  ),
  'short-unix': inLines(line => `${(line.atMs / 1000).toFixed(6)} ${line.host} ${tag(line)}`),
  'RFC 5424': inLines(
    ({ atMs, host, ident, pid, text }) =>
      `<181>1 ${new Date(atMs).toISOString()} ${host} ${ident} ${pid} - [a@1 b="c \\"]d"][e] ${text}`,
  ),
  'journal export': lines => Buffer.concat(lines.map(exported)),
  'journal JSON': inLines(line => JSON.stringify(Object.fromEntries(entry(line)))),
}

/** As a frontend's own syslogd may write it: who it is is known by the file alone. */
export const WITHOUT_HOST = inLines(line => `${short(line.atMs)} ${tag(line)}`)
