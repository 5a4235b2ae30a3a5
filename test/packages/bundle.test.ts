import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { programFor } from '../../src/cli/commands.js'
import { itWith } from '../support/tools.js'
import { itInBareRoot, makeBareRoot, runInBareRoot } from './bare-root.js'
import { SHELLS } from './shells.js'

const root = resolve(import.meta.dirname, '../..')
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

let folder: string
/** Hosts that have nothing but a shell and one of the packages. */
const host = (kind: string) => join(folder, kind)
const made = (ending: string) => join(folder, readdirSync(folder).find(name => name.endsWith(ending))!)

/** All packages of these tests are of one making, which takes its time. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mupdate-bench-packages-'))
  // man, started by root, is somebody else.
  chmodSync(folder, 0o755)
  succeed(process.execPath, join(root, 'scripts/bundle.mjs'), folder)
  makeBareRoot(host('tarball'))
  succeed('tar', '-xzf', made('.tar.gz'), '-C', join(host('tarball'), 'opt'))
  const [name] = readdirSync(join(host('tarball'), 'opt'))
  symlinkSync(`../../../opt/${name}/bin/mupdate-bench`, join(host('tarball'), 'usr/local/bin/mupdate-bench'))
  makeBareRoot(host('deb'))
  succeed('dpkg-deb', '-x', made('.deb'), host('deb'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function succeed(command: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  expect({ status, error }, `${command} ${args.join(' ')}\n${stdout}${stderr}`).toEqual({ status: 0, error: undefined })
  return stdout
}

describe.each(['tarball', 'deb'])('the %s, on a host without Node and network', kind => {
  itInBareRoot('says which it is', () => {
    expect(runInBareRoot(host(kind), 'sh', '-c', 'command -v node').stdout).toBe('')
    const commit = readFileSync(join(root, 'dist/commit.txt'), 'utf8').trim()
    const { stdout, stderr } = runInBareRoot(host(kind), 'mupdate-bench', '--version')
    expect([stdout, stderr]).toEqual([`mupdate-bench ${version} (${commit}, Node ${process.versions.node})\n`, ''])
  })

  itInBareRoot('measures', () => {
    const devices = runInBareRoot(host(kind), 'sh', '-c', 'while read name rest; do echo "$name"; done < /proc/net/dev')
    expect(devices.stdout.match(/^\w+(?=:)/gm)).toEqual(['lo'])
    const { status, stdout, stderr } = runInBareRoot(
      host(kind),
      ...['mupdate-bench', 'run', 'smoke', '--quiet', '--out', '/tmp/results'],
    )
    // On a busy machine it may find, and say, that this was the limit.
    expect(stdout, stderr).toMatch(/^(PASS|INVALID) {2}smoke/)
    expect([0, 5]).toContain(status)
    const [id] = readdirSync(join(host(kind), 'tmp/results/smoke'))
      .toSorted()
      .slice(-1)
    const result = readFileSync(join(host(kind), 'tmp/results/smoke', id!, 'run.json'), 'utf8')
    expect(JSON.parse(result)).toMatchObject({
      state: 'ended',
      harness: { version, node: process.version },
      slaves: { streaming: 4 },
    })
  })
})

it('refuses a Node that would not start on another host', () => {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'ldd'), '#!/bin/sh\necho "\tlibnode.so.108 => /lib/x86_64-linux-gnu/libnode.so.108 (0x0)"\n')
  chmodSync(join(bin, 'ldd'), 0o755)
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts/bundle.mjs'), join(folder, 'refused')], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}` },
  })
  expect([status, stderr]).toEqual([
    1,
    expect.stringMatching(/^mupdate-bench: .* needs libnode\.so\.108, .*nodejs\.org\n$/),
  ])
  expect(readdirSync(join(folder, 'refused'))).toEqual([])
})

describe('the .deb', () => {
  it('brings what a run needs, and not what a build needs', () => {
    const lib = join(host('deb'), 'usr/lib/mupdate-bench')
    expect(readdirSync(lib).toSorted()).toEqual([
      'LICENSE',
      'bin',
      'calibrations',
      'deploy',
      'dist',
      'node_modules',
      'package.json',
      'profiles',
      'runtime',
    ])
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const missing = (names: object) => Object.keys(names).filter(name => !existsSync(join(lib, 'node_modules', name)))
    expect(missing(dependencies)).toEqual([])
    expect(missing(devDependencies)).toEqual(Object.keys(devDependencies))
  })

  it('says what it needs', () => {
    const field = (name: string) => succeed('dpkg-deb', '-f', made('.deb'), name).trim()
    expect(field('Architecture')).toBe(succeed('dpkg', '--print-architecture').trim())
    expect(field('Depends')).toMatch(/\blibc6 \(>= 2\.\d+\)/)
    expect(field('Depends')).toMatch(/\blibstdc\+\+6\b/)
    expect(Number(field('Installed-Size'))).toBeGreaterThan(50_000)
  })

  itInBareRoot('is installed by dpkg, and removed whole', () => {
    const base = join(folder, 'dpkg')
    for (const name of ['info', 'updates', 'triggers']) mkdirSync(join(base, 'var/lib/dpkg', name), { recursive: true })
    writeFileSync(join(base, 'var/lib/dpkg/status'), '')
    const dpkg = (...args: string[]) =>
      succeed('unshare', '-r', 'env', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'dpkg', `--root=${base}`, ...args)
    // There, nothing is installed that it could depend on.
    dpkg('--force-depends', '--install', made('.deb'))
    expect(dpkg('--status', 'mupdate-bench')).toContain('Status: install ok installed')
    expect(readdirSync(join(base, 'usr/bin'))).toEqual(['mupdate-bench'])
    const copyright = readFileSync(join(base, 'usr/share/doc/mupdate-bench/copyright'), 'utf8')
    expect(copyright).toMatch(/^MIT License/)
    expect(copyright).toMatch(/^node_modules\/hdr-histogram-js [\d.]+: BSD-2-Clause$/m)
    expect(copyright).not.toContain('typescript')
    dpkg('--remove', 'mupdate-bench')
    expect(readdirSync(base)).not.toContain('usr')
  })
})

describe('the manual page', () => {
  const page = () => join(host('deb'), 'usr/share/man/man1/mupdate-bench.1.gz')

  itWith('man')('is found, and nothing in it is no roff', () => {
    expect(succeed('man', '-M', join(host('deb'), 'usr/share/man'), '-w', 'mupdate-bench').trim()).toBe(page())
    const { status, stderr } = spawnSync('man', ['--warnings', '-E', 'UTF-8', '-l', '-Tutf8', '-Z', page()], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C.UTF-8', MANROFFSEQ: '', MANWIDTH: '80' },
    })
    expect([status, stderr]).toEqual([0, ''])
  })

  itWith('man')('names every command, argument and option', async () => {
    const text = succeed('env', 'LC_ALL=C.UTF-8', 'MANWIDTH=200', 'man', '-E', 'UTF-8', '-l', page())
    expect(text).toMatch(/^NAME\n +mupdate-bench - \S/m)
    expect(text).toMatch(/^EXIT STATUS\n +0 +pass\n/m)
    const program = await programFor('')
    const commands = program.commands.flatMap(command => [command, ...command.commands])
    expect(commands.length).toBeGreaterThan(30)
    for (const command of commands) {
      const help = command.createHelp()
      expect(text).toContain(help.commandUsage(command))
      for (const option of help.visibleOptions(command)) expect(text).toContain(option.flags)
    }
  })
})

describe.each(SHELLS)('completion in $shell', ({ shell, file, loaded, words }) => {
  const path = () => join(host('deb'), 'usr/share', file)
  const itIn = shell === 'bash' ? it : itWith(shell)
  const complete = (...line: string[]) => words(path(), ['mupdate-bench', ...line]).toSorted()

  itIn('is found', () => expect(loaded(path())).toContain('mupdate-bench'))

  itIn.each<[string, string[], string[]]>([
    ['commands', ['rep'], ['replay', 'report']],
    ['commands of commands', ['dump', 'in'], ['inspect']],
    ['commands beside files', ['plan', 'ini'], ['init']],
    ['options', ['run', '--allow-m'], ['--allow-mutations']],
    ['options of a command of a command', ['plan', 'init', '--planned-m'], ['--planned-mailboxes']],
    ['options behind a profile that is called as a command', ['run', 'capacity', '--allow-m'], ['--allow-mutations']],
    ['no options of that command', ['run', 'capacity', '--var'], []],
    ['choices of options', ['run', '--tls', 'st'], ['starttls']],
    ['choices of short options', ['compare', '-f', 'ht'], ['html']],
    ['choices of arguments', ['completion', 'z'], ['zsh']],
    ['profiles', ['run', 'seed-2010-'], ['seed-2010-full']],
    ['nothing for what only the user knows', ['run', '--seed', ''], []],
  ])('completes %s', (_, line, expected) => expect(complete(...line)).toEqual(expected))

  itIn('completes files and folders', () => {
    mkdirSync(join(folder, 'some/a folder'), { recursive: true })
    writeFileSync(join(folder, 'some/a file'), '')
    const some = join(folder, 'some/a')
    expect(complete('show', some)).toHaveLength(2)
    expect(complete('run', 'smoke', '--password-file', some)).toHaveLength(2)
    expect(complete('run', 'smoke', '--out', some)).toHaveLength(1)
  })
})
