import type { RunResult } from '../../metrics/run-result.js'
import { basisOf } from './basis.js'
import type { Part, Rehearsal } from './rehearsal.js'
import { rollbackOf } from './rollback.js'

/** Each kind of figure on the page, and how it is known. */
export function howKnownPart(rehearsal: Rehearsal): Part {
  const { run, before, rates, mergeNsPerMailbox } = rehearsal
  const { full } = basisOf(run)
  const { whole, earlier } = rollbackOf(rehearsal)
  return {
    title: 'How far to believe it',
    lines: [whereText(run), 'it was done once: another rehearsal will differ, and by how much is not known from one'],
    table: {
      head: ['figure', 'how it is known'],
      rows: [
        ['starts, takes, done, waits', full],
        ['lists, NOOPs, time-outs', `${full}, modelled frontends`],
        ['highest safe rate', rates === undefined ? 'not searched' : `${full} at each rate`],
        ['mailboxes before', before === null ? 'not known: no dump' : 'counted in the dump'],
        ['mailboxes after', run.master.serversListed === null ? 'not counted' : 'counted on that master'],
        ['merging of lists', mergeNsPerMailbox === 0 ? 'not rehearsed' : 'modelled: mergePerMailbox'],
        ['way back, all of it', whole === undefined ? 'not known' : full],
        ['way back, from earlier on', earlier.length === 0 ? 'not known' : 'extrapolated from all of it'],
        ['settings that are advised', 'extrapolated from the length of a list'],
      ],
      words: 2,
    },
  }
}

function whereText({ master: { kind, address, version, mailboxDatabase } }: RunResult): string {
  switch (kind) {
    case 'remote':
      return `on ${address}, ${version}: its host and its database are its own`
    case 'cyrus':
      return `on this host, with ${mailboxDatabase}: the production host is another`
    case 'model':
    case 'simulated':
      return `on a ${version}: no figure is measured on a Cyrus`
    case 'embedded':
      return 'on the embedded master, a stand-in: no figure says anything of a Cyrus'
  }
}
