import { formatDurationUs } from '../../core/units.js'
import type { RunResult } from '../../metrics/run-result.js'
import { adviceOf } from '../../verdict/advice.js'
import { basisOf } from './basis.js'
import type { Part, Rehearsal } from './rehearsal.js'

/** What is set otherwise for the night, and until when. */
export function settingsPart({ run }: Rehearsal): Part {
  const { master, slaves } = run
  // How long a list takes there says nothing of a Cyrus.
  const advice = master.kind === 'embedded' ? [] : adviceOf(run)
  const list =
    slaves.dumpHoldMs === null ? '' : `, of ${formatDurationUs(slaves.dumpHoldMs * 1e3)} (${basisOf(run).full})`
  return {
    title: 'Temporary settings',
    lines: [
      `rehearsed with mupdate_retry_delay: ${slaves.retryDelayMs / 1e3} on frontends`,
      masterText(master),
      ...advice.map(
        ({ setting, value, because }) => `${setting}: ${value} or more for the night (extrapolated: ${because})`,
      ),
      `what is set for the night is set before the first step, and reverted when the last moment for turning back is over and all frontends are calm; a running mupdate takes it with a restart, each of which costs a list${list}: one frontend after the other`,
    ],
  }
}

function masterText({ kind, settings }: RunResult['master']): string {
  if (kind === 'remote') return 'the master’s own imapd.conf was not looked at: compare it with production’s'
  if (kind === 'embedded') return 'the embedded master has no imapd.conf: no setting of a Cyrus was rehearsed'
  const set = Object.entries(settings).map(([name, value]) => `${name}: ${value}`)
  return `rehearsed with ${set.length === 0 ? 'Cyrus’s defaults' : set.join(', ')} on the master: compare with production’s, and set for the night those whose limit it would reach`
}
