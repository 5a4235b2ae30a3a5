import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** @returns a folder for trees, which Cyrus's user can read */
export function makeTrees(): string {
  const trees = mkdtempSync(join(tmpdir(), 'mupdate-bench-trees-'))
  chmodSync(trees, 0o755)
  return trees
}

/** The system's programs and Cyrus's libraries in a tree of their own, as `dpkg -x` makes them. */
export function copySystemCyrus(tree: string): string {
  const multiarch = readdirSync('/usr/lib').find(name => existsSync(`/usr/lib/${name}/libcyrus.so.0`))!
  for (const library of readdirSync(`/usr/lib/${multiarch}`).filter(name => name.startsWith('libcyrus'))) {
    const copy = join(tree, 'usr/lib', multiarch, library)
    mkdirSync(dirname(copy), { recursive: true })
    cpSync(`/usr/lib/${multiarch}/${library}`, copy, { dereference: true })
  }
  for (const program of ['master', 'mupdate', 'ctl_cyrusdb', 'cyr_info']) {
    cpSync(`/usr/lib/cyrus/bin/${program}`, join(tree, 'usr/lib/cyrus/bin', program), { dereference: true })
  }
  return tree
}

/** A build that behaves otherwise: its mupdate starts the copied one with a library preloaded, which is made of this C. */
export function preloadedCyrus(tree: string, source: string): string {
  copySystemCyrus(tree)
  const programs = join(tree, 'usr/lib/cyrus/bin')
  const [code, library] = [join(tree, 'preloaded.c'), join(tree, 'libpreloaded.so')]
  writeFileSync(code, source)
  execFileSync('gcc', ['-O2', '-shared', '-fPIC', '-o', library, code, '-ldl'])
  mkdirSync(join(programs, 'real'))
  renameSync(join(programs, 'mupdate'), join(programs, 'real/mupdate'))
  writeFileSync(join(programs, 'mupdate'), `#!/bin/sh\nLD_PRELOAD=${library} exec ${programs}/real/mupdate "$@"\n`, {
    mode: 0o755,
  })
  return tree
}
