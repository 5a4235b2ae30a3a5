import type { Random } from '../core/random.js'
import { MAX_NAME_BYTES } from './site-plan.js'
import { FILLER, FOLDER_POOL, PLAIN_FOLDERS, STANDARD_FOLDERS } from './words.js'

/** Names of a user's mailboxes, the INBOX first; each folder after the one it lies in. */
export type FolderTree = (inbox: string, count: number, random: Random) => string[]

export const plainFolders: FolderTree = (inbox, count) => {
  const names = [inbox]
  for (let i = 1; i < count; i++) names.push(`${inbox}.${PLAIN_FOLDERS[i - 1] ?? `f${i}`}`)
  return names
}

/**
 * The last components differ within a user, so the whole names do, wherever the folders lie. Lengths have a heavy tail
 * (Pareto, from 60 bytes) that ends at the longest name that can be created.
 */
export const realisticFolders: FolderTree = (inbox, count, random) => {
  const names = [inbox]
  if (count === 1) return names
  const standard = STANDARD_FOLDERS[Math.floor(random() * STANDARD_FOLDERS.length)]!
  const start = Math.floor(random() * FOLDER_POOL.length)
  for (let i = 1; i < count; i++) {
    const leaf = i <= standard.length ? standard[i - 1]! : poolFolder(start, i - standard.length)
    const choice = random()
    const parent = i > standard.length && choice < NESTED ? names[1 + Math.floor(random() * (i - 1))]! : inbox
    const name = parent.length + 1 + leaf.length > MAX_NAME_BYTES ? `${inbox}.${leaf}` : `${parent}.${leaf}`
    names.push(choice > 1 - LONG ? lengthen(name, random) : name)
  }
  return names
}

/** Shares of folders: those inside another, those with a long name. */
const NESTED = 0.4
const LONG = 0.02

/** Stands between a folder's name and what lengthens it, and in no folder's own name: the names stay different. */
const JOINT = ' - '

function poolFolder(start: number, ordinal: number): string {
  const size = FOLDER_POOL.length
  // Any step will do: the pool's size is prime.
  const name = FOLDER_POOL[(start + ordinal * 17) % size]!
  return ordinal < size ? name : `${name} (${Math.floor(ordinal / size)})`
}

function lengthen(name: string, random: Random): string {
  const target = Math.min(MAX_NAME_BYTES, Math.floor(60 * (1 - random()) ** (-1 / 1.2)))
  const missing = target - name.length - JOINT.length
  if (missing < 1) return name
  const offset = Math.floor(random() * (FILLER.length - MAX_NAME_BYTES))
  // The last byte is a letter: no client can name a mailbox that ends in a space without quoting it.
  return `${name}${JOINT}${FILLER.slice(offset, offset + missing - 1)}s`
}
