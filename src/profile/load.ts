import { readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { type Document, parse, stringify } from 'yaml'
import { checkedYaml } from '../core/checked-yaml.js'
import { HarnessError } from '../core/errors.js'
import { packageRoot } from '../core/package-root.js'
import type { ArrivalSpec, SiteSpec } from '../generators/spec.js'
import {
  type ArrivalDocument,
  type BackendDocument,
  DURATION_KEYS,
  type ProfileDocument,
  profileSchema,
} from './schema.js'

/** A profile, resolved: every default filled in, durations in ns. */
export interface Profile extends Omit<ProfileDocument, 'site'> {
  readonly name: string
  readonly site: SiteSpec
  /** All of it as YAML, `--set` and `--seed` applied: written beside the results, and enough to repeat the run. */
  readonly yaml: string
}

/** Where the ready profiles lie, in the checkout and in the package alike. */
export const PROFILES_DIRECTORY = join(packageRoot(), 'profiles')

const PROFILE = {
  schema: profileSchema,
  whole: 'profile',
  code: 'PROFILE_INVALID',
  hint: 'see docs/profiles.md, or: mupdate-bench profile schema',
} as const

/**
 * Reads a profile, by path or by the name of a ready one.
 *
 * @param sets `a.b=c` changes, the value in YAML
 * @throws {HarnessError} `PROFILE_INVALID` with file, line, column, what was expected and the nearest valid key
 */
export function loadProfile(nameOrPath: string, sets: readonly string[] = []): Profile {
  const { path, text } = readProfile(nameOrPath)
  const document = checkedYaml(text, path, PROFILE, yaml => {
    for (const set of sets) applySet(yaml, set)
  })
  const { site, ...rest } = document
  return {
    ...rest,
    name: basename(path).replace(/\.ya?ml$/, ''),
    site: siteSpec(site),
    yaml: resolvedYaml(document),
  }
}

function readProfile(nameOrPath: string): { path: string; text: string } {
  const ready = resolve(PROFILES_DIRECTORY, `${nameOrPath}.yaml`)
  for (const path of /^[\w-]+$/.test(nameOrPath) ? [ready] : [nameOrPath]) {
    try {
      return { path, text: readFileSync(path, 'utf8') }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EISDIR') throw invalid(`${path} is a directory`, 'give a profile, a YAML file')
      if (code !== 'ENOENT') throw invalid(`${path}: ${(error as Error).message}`, 'give a file that can be read')
    }
  }
  throw invalid(
    `there is no profile ${nameOrPath}`,
    'mupdate-bench profile list shows the ready ones; or give the path of a file',
  )
}

function applySet(document: Document, set: string): void {
  const equals = set.indexOf('=')
  if (equals < 1) {
    throw new HarnessError('USAGE', `--set ${set}: no "="`, 'write --set slaves.count=20')
  }
  const path = set
    .slice(0, equals)
    .split('.')
    .map(key => (/^\d+$/.test(key) ? Number(key) : key))
  try {
    document.setIn(path, document.createNode(parse(set.slice(equals + 1))))
  } catch (error) {
    throw new HarnessError(
      'USAGE',
      `--set ${set}: ${(error as Error).message}`,
      'the value is YAML; the path must lead through maps',
    )
  }
}

/** Every default filled in; reading it again gives the same profile. */
function resolvedYaml(document: ProfileDocument): string {
  const { thresholds, ...rest } = document
  const plain = { ...rest, thresholds: thresholds.map(({ text }) => text) }
  return stringify(plain, (key: unknown, value: unknown) =>
    typeof value === 'number' && DURATION_KEYS.has(String(key)) ? durationText(value) : value,
  )
}

export function durationText(ns: number): string {
  return ns % 1e9 === 0 ? `${ns / 1e9}s` : ns % 1e6 === 0 ? `${ns / 1e6}ms` : `${ns}ns`
}

function siteSpec(site: ProfileDocument['site']): SiteSpec {
  const partitions = Array.from({ length: site.partitions }, (_, i) => ({
    name: i === 0 ? 'default' : `part${i}`,
    weight: 1,
  }))
  const named =
    typeof site.backends === 'number'
      ? Array.from({ length: site.backends }, (_, i) => ({ server: `be${i + 1}.example.com`, weight: 1 }))
      : site.backends
  const backends = named.map((backend: BackendDocument) => ({
    server: backend.server,
    weight: backend.weight,
    partitions:
      backend.partitions === undefined
        ? partitions
        : Object.entries(backend.partitions).map(([name, weight]) => ({ name, weight })),
  }))
  // Nobody has looked into its dump yet, where it has one.
  const { mailboxes = 0 } = site
  return { ...site, mailboxes, backends, userPrefix: '' }
}

/** @param phaseNs length of the phase, over which a ramp rises */
export function arrivalSpec(arrivals: ArrivalDocument, phaseNs: number): ArrivalSpec {
  switch (arrivals.kind) {
    case 'constant':
    case 'poisson':
      return { kind: arrivals.kind, ratePerSecond: arrivals.rate }
    case 'ramp':
      return { kind: 'ramp', fromPerSecond: arrivals.from, toPerSecond: arrivals.to, durationNs: phaseNs }
    case 'burst':
      return { kind: 'burst', size: arrivals.size, everyNs: arrivals.every }
    case 'closed':
      return { kind: 'closed', concurrency: arrivals.concurrency, thinkTimeNs: arrivals.thinkTime }
  }
}

function invalid(message: string, hint: string): HarnessError {
  return new HarnessError('PROFILE_INVALID', message, hint)
}
