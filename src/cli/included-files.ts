import { readFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { type CyrusFile, parseCyrusFile } from '../site/cyrus-files.js'
import { readText } from '../core/given-files.js'
import type { Progress } from './progress.js'

/** Files of one kind of host; what one of them includes and another one is, is read in its place, and not by itself. */
export function readCyrusFiles(paths: readonly string[], progress: Progress): CyrusFile[] {
  const texts = new Map(paths.map(path => [path, readText(path)]))
  const included = new Set<string>()
  const files: CyrusFile[] = []
  const failures = new Map<string, unknown>()
  for (const [path, text] of texts) {
    const read = (name: string) => {
      const given = givenFor(name, path, texts)
      if (given === undefined) return readIncluded(path, name, progress)
      included.add(given)
      return texts.get(given)
    }
    try {
      files.push(parseCyrusFile(text, path, read))
    } catch (error) {
      failures.set(path, error)
    }
  }
  // A part of a file need not look like one.
  for (const [path, error] of failures) if (!included.has(path)) throw error
  return files.filter(({ path }) => !included.has(path))
}

/** Which of those that were given it is: the nearest, unless it is nearer to another host's file that includes one of its name. */
function givenFor(name: string, path: string, texts: ReadonlyMap<string, string>): string | undefined {
  const file = basename(name)
  const alike = [...texts.keys()].filter(other => basename(other) === file && resolve(other) !== resolve(path))
  const beside = alike.find(other => folderOf(other) === folderOf(path))
  const isBeside = basename(path) !== file && readIfThere(join(dirname(path), file)) !== undefined
  if (beside !== undefined || isBeside) return beside
  const includers = [...texts].filter(([, text]) => namesOf(text).some(included => basename(included) === file))
  const isOurs = (other: string) =>
    includers.every(([includer]) => sharedFolders(other, path) >= sharedFolders(other, includer))
  const ours = alike.filter(isOurs)
  return ours.length === 1 ? ours[0] : undefined
}

/** How many folders two paths have in common, from the root on. */
function sharedFolders(one: string, other: string): number {
  const [ours, theirs] = [folderOf(one).split('/'), folderOf(other).split('/')]
  const differs = ours.findIndex((folder, i) => folder !== theirs[i])
  return differs === -1 ? ours.length : differs
}

function namesOf(text: string): string[] {
  return [...text.matchAll(/^\s*@include\s*:\s*(\S+)/gim)].map(([, name]) => name)
}

function folderOf(path: string): string {
  return dirname(resolve(path))
}

/** A copy lies beside copies of the same host; a file of that path here may be another host's. */
function readIncluded(path: string, name: string, progress: Progress): string | undefined {
  if (isOfThisHost(path)) return readIfThere(name)
  const beside = join(dirname(path), basename(name))
  const copy = resolve(beside) === resolve(path) ? undefined : readIfThere(beside)
  if (copy !== undefined) return copy
  const here = readIfThere(name)
  if (here !== undefined)
    progress.warn(
      `${path} includes ${name}, which was read on this host: is it the same there? Put its copy beside ${path}`,
    )
  return here
}

function isOfThisHost(path: string): boolean {
  return resolve(path).startsWith('/etc/')
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
