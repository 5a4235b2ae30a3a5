import { cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'

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
