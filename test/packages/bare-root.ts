import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { it } from 'vitest'

/** All that a host has here besides what is installed: what the launcher calls, and the libraries that a Node links with. */
const PROGRAMS = ['/bin/sh', '/usr/bin/readlink', '/usr/bin/env']

/** Stays in namespaces of its own: a network that is but lo, and mounts that nobody else sees. */
const ENTER = `
ip link set lo up && mount --rbind /proc "$1/proc" && mount --bind /dev/null "$1/dev/null" || exit 99
root=$1; shift
exec chroot "$root" /usr/bin/env -i PATH=/usr/local/bin:/usr/bin:/bin HOME=/tmp "$@"`

const mayUnshare = spawnSync('unshare', ['-rnm', 'true']).status === 0
if (!mayUnshare)
  console.warn('left out: runs without Node and network; namespaces (unshare -rnm) are not permitted here')

export const itInBareRoot: typeof it | typeof it.skip = mayUnshare ? it : it.skip

/** Makes a folder what `/` may be on a host without Node. */
export function makeBareRoot(root: string): void {
  const libraries = [process.execPath, ...PROGRAMS].flatMap(program =>
    Array.from(spawnSync('ldd', [program], { encoding: 'utf8' }).stdout.matchAll(/(\/\S+) \(0x/g), ([, path]) => path!),
  )
  for (const path of new Set([...PROGRAMS, ...libraries])) {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    copyFileSync(path, join(root, path))
  }
  for (const folder of ['proc', 'dev', 'tmp', 'opt', 'usr/local/bin'])
    mkdirSync(join(root, folder), { recursive: true })
  writeFileSync(join(root, 'dev/null'), '')
}

export function runInBareRoot(root: string, ...command: string[]) {
  return spawnSync('unshare', ['-rnm', 'sh', '-c', ENTER, 'sh', root, ...command], {
    encoding: 'utf8',
    timeout: 50_000,
  })
}
