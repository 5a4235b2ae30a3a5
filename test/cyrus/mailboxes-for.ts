import { Workbench } from '../cli/bench.js'

const PROBED = 20_000

/** @returns how many mailboxes a real Cyrus's list has that takes so long on this machine, at this moment; a round number */
export async function mailboxesFor(listMs: number): Promise<number> {
  const workbench = new Workbench()
  try {
    const sets = [`site.mailboxes=${PROBED}`, 'phases.2.duration=1s', 'phases.3.duration=1s', 'converge=false']
    const args = ['resync-storm', '--master', 'cyrus', '--out', workbench.out, ...sets.flatMap(set => ['--set', set])]
    await workbench.bench(['run', ...args])
    const { dumpHoldMs } = workbench.result('resync-storm').slaves
    return Math.round(((listMs / dumpHoldMs!) * PROBED) / 1000) * 1000
  } finally {
    workbench.remove()
  }
}
