import { spawnSync } from 'node:child_process'

const CTL_MBOXLIST = '/usr/lib/cyrus/bin/ctl_mboxlist'

/** What Cyrus's own program prints. Its tools refuse to run as root and drop to their own user. */
export function ctlMboxlist(config: string, option: '-u' | '-d', input: Buffer = Buffer.alloc(0)): Buffer {
  const asCyrus = process.getuid?.() === 0 ? ['setpriv', '--reuid=cyrus', '--regid=mail', '--init-groups'] : []
  const [command, ...rest] = [...asCyrus, CTL_MBOXLIST, '-C', config, option]
  const { status, stdout, stderr, error } = spawnSync(command!, rest, { input, cwd: '/', maxBuffer: 1 << 28 })
  if (status !== 0) throw new Error(`${command} ${option}: ${error?.message ?? stderr.toString()}`)
  return stdout
}
