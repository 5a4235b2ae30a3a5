import { HarnessError } from '../core/errors.js'

/** What a dump of `ctl_mboxlist -d` holds, counted. */
export interface DumpCount {
  readonly format: 'json' | 'text'
  /** Mailboxes that a master would tell its slaves of. */
  readonly mailboxes: number
  /** Of deleted mailboxes, which nobody is told of. */
  readonly tombstones: number
  /** Names of servers and how many mailboxes each has; empty where the dump has none (a backend's). */
  readonly servers: ReadonlyMap<string, number>
  /** Lines that are no mailbox. */
  readonly unknown: number
}

/** mailboxes.db flags of 2.2 to 3.4 (imap/mboxlist.h of 2.4): MBTYPE_DELETED. */
const DELETED = 16
const NEWLINE = 10
/** Another mailbox after the first. */
const SEVERAL = /\}\s*,\s*"(?:[^"\\]|\\.)*"\s*:\s*\{/

/** Counts the lines of a dump in either form; names are not kept. @throws {HarnessError} `USAGE` where none is a mailbox */
export async function countDump(chunks: AsyncIterable<Buffer>, path: string): Promise<DumpCount> {
  const count = new Counting()
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let start = 0
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
      count.line(bytes.toString('latin1', start, end), path)
      start = end + 1
    }
    rest = bytes.subarray(start)
  }
  if (rest.length > 0) count.line(rest.toString('latin1'), path)
  return count.end(path)
}

class Counting {
  private json: boolean | undefined
  private mailboxes = 0
  private tombstones = 0
  private unknown = 0
  private readonly servers = new Map<string, number>()

  line(line: string, path: string): void {
    const text = line.endsWith('\r') ? line.slice(0, -1) : line
    if (text.trim() === '') return
    this.json ??= text.startsWith('{')
    if (this.json) this.jsonLine(text, path)
    else this.textLine(text)
  }

  end(path: string): DumpCount {
    const { mailboxes, tombstones, servers, unknown } = this
    if (mailboxes + tombstones === 0)
      throw new HarnessError('USAGE', `${path}: no line of it is a mailbox`, 'give the output of ctl_mboxlist -d')
    return { format: this.json === true ? 'json' : 'text', mailboxes, tombstones, servers, unknown }
  }

  /** 3.6 and later: one mailbox a line, all scalars strings, `mbtype` a row of letters (imap/ctl_mboxlist.c dump_cb). */
  private jsonLine(text: string, path: string): void {
    const line = text.startsWith('{') ? text.slice(1) : text
    if (/^\s*(}\s*)?$/.test(line)) return
    if (!/^\s*"(?:[^"\\]|\\.)*"\s*:\s*\{/.test(line)) {
      this.unknown++
      return
    }
    if (line.trimEnd().endsWith('{') || SEVERAL.test(line))
      throw new HarnessError(
        'USAGE',
        `${path}: not one mailbox a line, as if jq had written it anew`,
        'give the output of ctl_mboxlist -d as it is, gz if you like; names are not kept',
      )
    // Within values quotes are escaped, so that neither can stand in a name or an ACL.
    const [, type = ''] = /"mbtype"\s*:\s*"([a-z]*)"/.exec(line) ?? []
    const [, server = ''] = /"server"\s*:\s*"([^"\\]*)"/.exec(line) ?? []
    this.add(type.includes('d'), server)
  }

  /** `name\t<mbtype> [server!]partition acl`, and before 2.3.7 `name\tpartition\tacl`. */
  private textLine(text: string): void {
    const tab = text.indexOf('\t')
    if (tab < 1) {
      this.unknown++
      return
    }
    const [, type, location = ''] = /^(?:(\d+) )?([^ \t]+)/.exec(text.slice(tab + 1)) ?? []
    const bang = location.indexOf('!')
    this.add((Number(type ?? 0) & DELETED) !== 0, bang === -1 ? '' : location.slice(0, bang))
  }

  private add(isTombstone: boolean, server: string): void {
    if (isTombstone) {
      this.tombstones++
      return
    }
    this.mailboxes++
    if (server !== '') this.servers.set(server, (this.servers.get(server) ?? 0) + 1)
  }
}
