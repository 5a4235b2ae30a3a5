import type { SlaveObserver } from '../../src/slaves/slave.js'

/** Says in a word what a slave tells of itself. */
export function slaveObserver(say: (what: string) => void): SlaveObserver {
  const saying = (what: string) => () => say(what)
  return {
    connecting: () => {},
    loggedIn: () => {},
    loginUnfinished: saying('login unfinished'),
    loginRefused: saying('login refused'),
    dumpBegun: () => {},
    dumped: saying('dumped'),
    dumpUnfinished: saying('dump unfinished'),
    dumpRefused: saying('dump refused'),
    ready: saying('ready'),
    record: saying('record'),
    known: () => undefined,
    heard: () => {},
    noopAnswered: saying('noop'),
    noopUnfinished: saying('noop unfinished'),
    timedOut: saying('timed out'),
    dropped: saying('dropped'),
    restarted: saying('restarted'),
  }
}
