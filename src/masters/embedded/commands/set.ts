import { ABSENT } from '../catalogue.js'
import type { Core } from '../core.js'
import type { Span } from '../span.js'

/** imap/mupdate.c cmd_set; like the others here it returns its reply. */
export function activate(core: Core, tag: string, name: Span, location: Span, acl: Span): string {
  put(core, name, location, acl)
  return done(tag)
}

/** A known name can be reserved again at the same location, and is demoted by it (measured). */
export function reserve(core: Core, tag: string, name: Span, location: Span): string {
  const { catalogue, dialect } = core
  const known = catalogue.find(name)
  const again = dialect.reservesAgain && known !== ABSENT && sameBytes(catalogue.records.location(known), location)
  if (known !== ABSENT && !again) return `${tag} NO "mailbox already exists"\r\n`
  put(core, name, location, undefined)
  return done(tag)
}

/**
 * An unknown name kills a real 3.6.1. A reserved name kills it too, at the same location: unless asked to die, ours takes
 * that for a repetition, which is what the check there is for (replicated backends say it twice).
 */
export function deactivate(core: Core, tag: string, name: Span, location: Span): string {
  const { catalogue, dialect } = core
  const known = catalogue.find(name)
  if (known === ABSENT) return core.dies('DEACTIVATE') ? '' : `${tag} NO "${dialect.notActive}"\r\n`
  if (!catalogue.records.isActive(known)) {
    const again = dialect.reservesAgain && sameBytes(catalogue.records.location(known), location)
    if (!again) return `${tag} NO "mailbox not currently active"\r\n`
    if (core.dies('DEACTIVATE')) return ''
  }
  put(core, name, location, undefined)
  return done(tag)
}

/** An unknown name kills a real master; unless asked to die, the reply is the one that its source means to give. */
export function remove(core: Core, tag: string, name: Span): string {
  const known = core.catalogue.find(name)
  if (known === ABSENT && core.dies('DELETE')) return ''
  if (known === ABSENT) return `${tag} NO "mailbox doesn't exist"\r\n`
  const server = core.serverIdOf(core.catalogue.records.location(known))
  core.catalogue.remove(name)
  core.changed(name, server, server)
  return done(tag)
}

function put(core: Core, name: Span, location: Span, acl: Span | undefined): void {
  const newServer = core.serverIdOf(location)
  let oldServer = newServer
  if (core.wantsServers) {
    const known = core.catalogue.find(name)
    if (known !== ABSENT) oldServer = core.serverIdOf(core.catalogue.records.location(known))
  }
  core.catalogue.put(name, location, acl)
  core.changed(name, oldServer, newServer)
}

function done(tag: string): string {
  return `${tag} OK "done"\r\n`
}

function sameBytes(a: Span, b: Span): boolean {
  if (a.end - a.start !== b.end - b.start) return false
  for (let i = a.start, k = b.start; i < a.end; i++, k++) if (a.bytes[i] !== b.bytes[k]) return false
  return true
}
