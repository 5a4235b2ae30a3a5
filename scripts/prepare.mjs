import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** What is compiled, by which settings, to where; the browser's part needs settings of its own (a DOM, no Node). */
const builds = {
  dist: { projects: ['tsconfig.build.json', 'tsconfig.browser.json'], rootDir: 'src', sources: ['src'] },
  'dist-bench': { projects: ['tsconfig.bench.json'], rootDir: '.', sources: ['src', 'bench'] },
}

/** What makes a package what it is, but for its documentation. */
const commitPaths = ['src', 'profiles', 'calibrations', 'package.json', 'package-lock.json', 'tsconfig*.json']

/**
 * Installs and compiles what is missing or out of date; says nothing when that is nothing.
 * All it prints goes to stderr: stdout belongs to the command that follows.
 *
 * @param {('dist' | 'dist-bench')[]} outputs
 * @returns {number} exit status
 */
export function prepare(outputs) {
  if (!isInstalled() && !install()) return 1
  if (!outputs.every(isBuilt)) return 1
  if (outputs.includes('dist')) writeFileSync(join(root, 'dist/commit.txt'), `${describeCommit()}\n`)
  return 0
}

/**
 * What `--version` says of the checkout: seven digits of the commit, and `+changes` where not all that is compiled, or
 * goes into a package beside it, was committed.
 */
function describeCommit() {
  // A package that lies unpacked in somebody's repository is of no commit there.
  const env = { ...process.env, GIT_CEILING_DIRECTORIES: dirname(root) }
  const git = (...args) => spawnSync('git', args, { cwd: root, env, encoding: 'utf8' })
  const head = git('rev-parse', '--short=7', 'HEAD')
  if (head.status !== 0) return 'commit unknown'
  const changes = git('status', '--porcelain', '--', ...commitPaths)
  return head.stdout.trim() + (changes.status === 0 && changes.stdout === '' ? '' : '+changes')
}

function install() {
  const what = 'installing dependencies (npm ci)'
  console.error(`mupdate-bench: ${what}`)
  return step(what, 'npm', ['ci', '--include=dev', '--loglevel=error'])
}

/** npm's own record of what it installed, compared with what package-lock.json asks for. */
function isInstalled() {
  const hidden = join(root, 'node_modules/.package-lock.json')
  if (!existsSync(hidden)) return false
  const wanted = readPackages(join(root, 'package-lock.json'))
  const found = readPackages(hidden)
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    if (path === '') return true
    // Optional ones are absent where they are made for another system.
    return found[path] ? found[path].version === version : optional === true
  })
}

function readPackages(path) {
  return JSON.parse(readFileSync(path, 'utf8')).packages
}

function isBuilt(output) {
  const { sources, rootDir } = builds[output]
  const projects = builds[output].projects.filter(project => existsSync(join(root, project)))
  const stamp = join(root, output, '.sources')
  const files = sources.flatMap(folder => filesBelow(join(root, folder)))
  const state = hashOf([...files, ...['tsconfig.json', ...projects].map(name => join(root, name))])
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === state) return true
  rmSync(stamp, { force: true })
  removeStale(join(root, output), new Set(files.map(file => outputStem(file, rootDir))))
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  console.error(`mupdate-bench: building ${output}`)
  if (!projects.every(project => step(`building ${output}`, process.execPath, [tsc, '-p', project]))) return false
  writeFileSync(stamp, state)
  return true
}

/** By content, so that a checkout that only touches files builds nothing. */
function hashOf(files) {
  const hash = createHash('sha256')
  for (const file of files)
    hash
      .update(`${relative(root, file)}\0`)
      .update(readFileSync(file))
      .update('\0')
  return hash.digest('hex')
}

function filesBelow(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath ?? entry.path, entry.name))
    .sort()
}

/** Path below the output folder, without its ending: `core/clock` for `src/core/clock.ts`. */
function outputStem(file, rootDir) {
  return relative(join(root, rootDir), file).replace(/\.(ts|json)$/, '')
}

/** Compiled files whose source is gone: left there, they would still load. */
function removeStale(folder, stems) {
  for (const file of filesBelow(folder)) {
    if (!stems.has(relative(folder, file).replace(/(\.d\.ts|\.js|\.json)(\.map)?$/, ''))) rmSync(file)
  }
}

function step(what, command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] })
  if (status === 0) return true
  console.error(`mupdate-bench: ${what} failed${error ? `: ${error.message}` : ', for the reason above'}`)
  return false
}
