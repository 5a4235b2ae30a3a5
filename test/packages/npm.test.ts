import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const NO_REGISTRY = /E(NOTFOUND|AI_AGAIN|CONNREFUSED|CONNRESET|TIMEDOUT|NETUNREACH)/

let folder: string
const tarball = () => join(folder, `mupdate-bench-${version}.tgz`)
const installed = (...path: string[]) => join(folder, 'prefix', ...path)

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mupdate-bench-npm-'))
  const { status, stderr } = npm(root, 'pack', '--silent', '--pack-destination', folder)
  expect(status, stderr).toBe(0)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function npm(cwd: string, ...args: string[]) {
  return spawnSync('npm', args, { cwd, encoding: 'utf8' })
}

function bench(...args: string[]) {
  return spawnSync(installed('bin/mupdate-bench'), args, {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: process.env.PATH },
  })
}

describe('what npm packs', () => {
  it('is what is needed to run, and nothing else', () => {
    const { stdout } = spawnSync('tar', ['-tzf', tarball()], { encoding: 'utf8' })
    const files = stdout.split('\n').map(path => path.replace('package/', ''))
    for (const name of ['dist/cli/main.js', 'dist/report/browser/main.js', 'dist/mupdate-bench.1', 'dist/commit.txt'])
      expect(files).toContain(name)
    for (const name of ['profiles', 'calibrations', 'deploy'])
      for (const file of readdirSync(join(root, name))) expect(files).toContain(`${name}/${file}`)
    const ours =
      /^(dist\/(?!\.)|docs\/|profiles\/|calibrations\/|deploy\/|(README|CHANGELOG)\.md$|LICENSE$|package\.json$|$)/
    expect(files.filter(file => !ours.test(file))).toEqual([])
  })

  it('is installed for all users, and works', context => {
    const { status, stderr } = npm(
      folder,
      'install',
      '--global',
      '--prefix',
      installed(),
      '--prefer-offline',
      tarball(),
    )
    context.skip(status !== 0 && NO_REGISTRY.test(stderr), 'npm reaches no registry')
    expect(status, stderr).toBe(0)
    const commit = readFileSync(join(root, 'dist/commit.txt'), 'utf8').trim()
    expect(bench('--version').stdout).toBe(`mupdate-bench ${version} (${commit}, Node ${process.versions.node})\n`)
    const page = realpathSync(installed('share/man/man1/mupdate-bench.1'))
    expect(readFileSync(page, 'utf8')).toMatch(/^\.TH MUPDATE\\-BENCH 1/)
    const { stdout, stderr: wrong } = bench('run', 'smoke', '--quiet')
    expect(stdout, wrong).toMatch(/^(PASS|INVALID) {2}smoke/)
  })
})
