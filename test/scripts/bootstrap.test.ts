import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const NOTHING = { status: 0, stdout: '', stderr: '' }
const BUILT = { status: 0, stdout: '', stderr: 'mupdate-bench: building dist\n' }

describe('bootstrap', () => {
  let outer: string
  let folder: string
  const path = (name: string) => join(folder, name)
  const write = (name: string, text: string) => {
    mkdirSync(dirname(path(name)), { recursive: true })
    writeFileSync(path(name), text)
  }
  const lock = (version: string) => JSON.stringify({ packages: { '': {}, 'node_modules/a': { version } } })

  function bootstrap(...nodeArgs: string[]) {
    const env = { ...process.env, PATH: path('bin') }
    const args = [...nodeArgs, path('scripts/bootstrap.mjs')]
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env })
    return { status, stdout, stderr }
  }

  beforeEach(() => {
    outer = mkdtempSync(join(tmpdir(), 'mupdate-bench-bootstrap-'))
    folder = join(outer, 'package')
    mkdirSync(folder)
    for (const name of ['scripts', 'tsconfig.json', 'tsconfig.build.json', 'tsconfig.bench.json']) {
      cpSync(join(root, name), path(name), { recursive: true })
    }
    write('package.json', '{ "type": "module" }')
    write('package-lock.json', lock('1.0.0'))
    write('node_modules/.package-lock.json', lock('1.0.0'))
    for (const name of ['typescript', '@types', 'undici-types']) {
      symlinkSync(join(root, 'node_modules', name), path(`node_modules/${name}`))
    }
    write('src/a.ts', 'export const a = 1\n')
    write('src/b.ts', 'export const b = 1\n')
  })
  afterEach(() => rmSync(outer, { recursive: true, force: true }))

  it('builds what changed, removes what went, and is silent when all is in place', () => {
    expect(bootstrap()).toEqual(BUILT)
    expect(bootstrap()).toEqual(NOTHING)
    rmSync(path('src/b.ts'))
    expect(bootstrap()).toEqual(BUILT)
    expect([existsSync(path('dist/a.js')), existsSync(path('dist/b.js'))]).toEqual([true, false])
    write('src/a.ts', 'export const a: string = 1\n')
    const broken = bootstrap()
    expect(broken.status).toBe(1)
    expect(broken.stderr).toContain('src/a.ts(1,14): error TS2322')
    expect(broken.stderr).toContain('building dist failed, for the reason above')
    expect(bootstrap().status).toBe(1)
  })

  it('writes down the commit that it built', () => {
    const git = spawnSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).stdout.trim()
    const inGit = (cwd: string, ...args: string[]) =>
      spawnSync(git, ['-c', 'user.name=t', '-c', 'user.email=t@localhost', ...args], { cwd, encoding: 'utf8' })
    const written = () => {
      expect(bootstrap().status).toBe(0)
      return readFileSync(path('dist/commit.txt'), 'utf8')
    }
    expect(written()).toBe('commit unknown\n')
    mkdirSync(path('bin'))
    symlinkSync(git, path('bin/git'))
    expect(written()).toBe('commit unknown\n')
    // Somebody's repository in which it lies is not its own.
    inGit(outer, 'init', '-q')
    inGit(outer, 'commit', '-q', '--allow-empty', '-m', 'not ours')
    expect(inGit(folder, 'rev-parse', 'HEAD').status).toBe(0)
    expect(written()).toBe('commit unknown\n')
    inGit(folder, 'init', '-q')
    inGit(folder, 'add', 'src', 'tsconfig.json', 'tsconfig.build.json', 'tsconfig.bench.json')
    inGit(folder, 'add', 'package.json', 'package-lock.json')
    inGit(folder, 'commit', '-q', '-m', 'first')
    const commit = inGit(folder, 'rev-parse', '--short=7', 'HEAD').stdout
    expect(commit).toMatch(/^[\da-f]{7,}\n$/)
    expect(written()).toBe(commit)
    write('src/c.ts', 'export const c = 1\n')
    expect(written()).toBe(`${commit.trim()}+changes\n`)
  })

  it('installs when npm installed something else, and keeps stdout for the command that follows', () => {
    const npm = `#!/bin/sh\necho "npm $*"\n/bin/cp "${path('package-lock.json')}" "${path('node_modules/.package-lock.json')}"\n`
    write('bin/npm', npm)
    spawnSync('chmod', ['755', path('bin/npm')])
    bootstrap()
    write('package-lock.json', lock('1.0.1'))
    expect(bootstrap()).toEqual({
      ...NOTHING,
      stderr: 'mupdate-bench: installing dependencies (npm ci)\nnpm ci --include=dev --loglevel=error\n',
    })
    expect(bootstrap()).toEqual(NOTHING)
  })

  it('says in one line what an old Node lacks', () => {
    const old = `data:text/javascript,Object.defineProperty(process,'versions',{value:{node:'18.20.4'}})`
    const { status, stderr } = bootstrap('--import', old)
    expect(status).toBe(2)
    expect(stderr).toMatch(
      /^mupdate-bench needs Node 20\.19 or newer, and this is 18\.20\.4: .*Debian 12.*nodejs\.org.*\n$/,
    )
  })
})
