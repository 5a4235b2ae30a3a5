import { describe, expect, it } from 'vitest'
import { widthOf } from '../../src/core/text-width.js'
import type { MetricSummary, PhaseResult, RunResult } from '../../src/metrics/run-result.js'
import { fallenBehind } from '../../src/report/rehearsal/behind.js'
import { rehearsalHtml } from '../../src/report/rehearsal/html.js'
import { rehearsalMarkdown } from '../../src/report/rehearsal/markdown.js'
import type { PlannedStep, Rehearsal } from '../../src/report/rehearsal/rehearsal.js'
import { rehearsalText } from '../../src/report/rehearsal/text.js'
import { phase as measuredPhase, timeOf } from '../verdict/measured-run.js'
import { NASTY, recordedRun } from './recorded.js'

function metric(count: number, us: number, failed = 0): MetricSummary {
  return { count, failed, unfinished: 0, ratePerSecond: 1, responseTimeUs: timeOf(us) }
}

function phase(name: string, startS: number, durationS: number, more: Partial<PhaseResult> = {}): PhaseResult {
  return measuredPhase(name, {
    startMs: startS * 1e3,
    durationMs: durationS * 1e3,
    ended: 'condition',
    listedRecords: 0,
    ...more,
  })
}

const STEPS: readonly PlannedStep[] = [
  { name: 'slowly', what: 'move 100 mailboxes from be1 to be2', mailboxesPerSecond: 2, kind: 'move' },
  { name: 'rights', what: 'give helpdesk lrs on all users', mailboxesPerSecond: 10, kind: 'setAcl' },
  { name: 'undo', what: 'put back what the steps before it have done', mailboxesPerSecond: 10, kind: 'undo' },
]

const done: Rehearsal = {
  run: recordedRun(run => {
    Object.assign(run.slaves, { count: 8, leastStreaming: 5, timeouts: 2, retryDelayMs: 20_000, dumpHoldMs: 900 })
    run.slaves.comparisons = []
    run.master.serversListed = { be1: 900, be2: 1100 }
    run.phases = [
      phase('preload', 0, 10),
      phase('slowly', 30, 50, {
        // Ten that arrived by chance are no part of the step.
        operations: { moveOut: metric(110, 9e6), moveIn: metric(110, 9e6), create: metric(5, 70e3) },
        steps: { 'step.moveOut': metric(100, 8e6), 'step.moveIn': metric(100, 3e3) },
        commands: { 'NOOP.slave': metric(9, 250e3), UPDATE: { ...metric(4, 1), serviceTimeUs: timeOf(1.5e6) } },
      }),
      phase('rights', 90, 20, { operations: { setacl: metric(250, 4e3) }, steps: { 'step.setacl': metric(200, 2e3) } }),
      phase('undo', 120, 40, { steps: { 'step.moveIn': metric(100, 4e3), 'step.setacl': metric(200, 2e3) } }),
    ]
  }),
  steps: STEPS,
  before: { be1: 1000, be2: 1000 },
  mailboxes: 2000,
  mergeNsPerMailbox: 16_000,
}

function changed(change: (run: RunResult) => void, more: Partial<Rehearsal> = {}): Rehearsal {
  const run = structuredClone(done.run)
  change(run)
  return { ...done, run, ...more }
}

/** Lines of one part of the page, put together again where they were broken. */
function part(title: string, rehearsal: Rehearsal): string {
  const text = rehearsalText(rehearsal)
  const [, found = ''] = text.split(`\n\n${title}\n`)
  return found.split('\n\n')[0]!.replaceAll(/\n {4,6}/g, ' ')
}

describe('a step', () => {
  const behind = (durationS: number, more: Partial<PlannedStep> = {}) =>
    fallenBehind(
      changed(
        run => {
          run.phases = [phase('rights', 0, durationS, { steps: { 'step.setacl': metric(200, 2e3, 0) } })]
        },
        { steps: [{ ...STEPS[1]!, ...more }] },
      ),
    )

  it('has fallen behind where it took longer than its rate says', () => {
    expect(behind(20)).toEqual([])
    expect(behind(22.1)).toEqual([])
    expect(behind(25)).toEqual(['rights: 8 mailboxes a second were done, not 10'])
  })

  it('has none to fall behind where copying or answers set its pace', () => {
    expect(behind(60, { copies: true })).toEqual([])
    expect(behind(60, { kind: 'push' })).toEqual([])
    expect(behind(60, { kind: 'undo' })).toEqual([])
  })
})

describe('the page of a rehearsal', () => {
  it('has a row for each step: when it starts, how long it takes, how fast it may go', () => {
    const runbook = part('Runbook', done)
    expect(runbook).toMatch(/• 1 slowly: move 100 mailboxes from be1 to be2\n/)
    expect(runbook).toMatch(/takes: measured once, .* without an interval/)
    expect(runbook).toMatch(/^1 slowly +\+0 s +50\.0 s, once +2\/s +not searched +A–D$/m)
    expect(runbook).toMatch(/^2 rights +\+1 min 0 s +20\.0 s, once +10\/s +not searched +A–D$/m)
    expect(runbook).toMatch(/^3 undo +\+1 min 30 s +40\.0 s, once +10\/s/m)
  })

  it('says of a step that did not come to its end, or was not reached, no more than is known', () => {
    const cut = changed(run => {
      run.phases = [run.phases[0]!, { ...run.phases[1]!, ended: 'interrupted' }]
    })
    expect(part('Runbook', cut)).toMatch(/^1 slowly +\+0 s +≥ 50\.0 s, interrupted /m)
    expect(part('Runbook', cut)).toMatch(/^2 rights +not reached +– /m)
    expect(part('Not rehearsed', cut)).toContain('rights, which was not reached: give helpdesk lrs on all users')
    expect(part('Turning back', cut)).toContain('how long it takes is not known')
    expect(part('How far to believe it', cut)).toMatch(/way back, all of it +not known$/m)
  })

  it('says what the master ran into, and what helps', () => {
    const full = changed(run => {
      run.slaves.conditions = [
        { name: 'listen-queue-full', atMs: 61_000, detail: 'connections found it full', remedy: 'master -l 1024' },
      ]
    })
    expect(part('What the master ran into', full)).toBe(
      '  • listen-queue-full (1 min 1 s after the rehearsal began): connections found it full\n  • → master -l 1024',
    )
    expect(rehearsalText(done)).not.toContain('ran into')
  })

  it('counts a step’s own operations, not those of the same kind that arrived', () => {
    const meanwhile = part('While a step is done', done)
    expect(meanwhile).toMatch(/^1 slowly +2\.0\/s +3\.00 ms +4 +250 ms$/m)
    expect(meanwhile).toMatch(/^2 rights +10\/s +2\.00 ms +0 +–$/m)
  })

  it('has the highest rate where it was searched, with why there is no better one', () => {
    const tried = [
      { mailboxesPerSecond: 10, outcome: 'held', why: '' },
      { mailboxesPerSecond: 20, outcome: 'failed', why: 'slaves.timeouts == 0: measured 3' },
    ] as const
    const rates = { low: 10, high: 20, cutShort: 'interrupted', tried }
    expect(part('Runbook', { ...done, rates })).toMatch(/^1 slowly .* 10\/s +A–D$/m)
    const highest = part('The highest rate', { ...done, rates })
    expect(highest).toMatch(/10 mailboxes a second is a go; 20 is none/)
    expect(highest).toContain('it is not known to a tenth: interrupted')
    expect(highest).toContain('• 20/s: no go: slaves.timeouts == 0: measured 3')
    const none = { low: null, high: 10, cutShort: null, tried: [] }
    expect(part('Runbook', { ...done, rates: none })).toMatch(/^1 slowly .* none found +A–D$/m)
    expect(part('Not rehearsed', { ...done, rates })).not.toContain('--find-rate')
    expect(part('Not rehearsed', done)).toContain('--find-rate')
  })

  it('says when to turn back, and which of it is extrapolated', () => {
    const back = part('Turning back', done)
    expect(back).toContain('the way back takes 40.0 s for all of it (measured once)')
    expect(back).toContain('last moment to begin it: 40.0 s before the night is over')
    expect(back).toContain('all steps and then all of the way back: 2 min 10 s (measured once)')
    // 200 operations of 400 by then.
    expect(back).toContain('turning back after 1 slowly: about 20.0 s (extrapolated)')
    expect(back).not.toContain('after 2 rights')
    expect(part('Turning back', { ...done, steps: STEPS.slice(0, 2) })).toContain('was not rehearsed: --undo')
    // Time does not go by operations where mail is copied.
    const copying = STEPS.map(step => ({ ...step, copies: step.kind === 'move' }))
    expect(part('Turning back', { ...done, steps: copying })).not.toContain('turning back after')
  })

  it('says of one that was broken off, and gone on with, what is not known of the whole', () => {
    const resumed = { ...done, run: { ...done.run, resumes: '/results/night/1' } }
    const whole = part('Turning back', { ...resumed, brokenOff: ['slowly'] })
    expect(whole).toContain('the way back takes 40.0 s for all of it')
    expect(whole).toContain('how long all steps take is not known')
    expect(whole).not.toMatch(/all steps and then|turning back after/)
    const back = part('Turning back', { ...resumed, brokenOff: [STEPS.at(-1)!.name] })
    expect(back).toContain('the way back took 40.0 s for a part of it')
    expect(part('Runbook', { ...resumed, brokenOff: ['slowly'] })).toMatch(/1 slowly: .*\(broken off, and gone on with/)
  })

  it('says what was set, what should be for the night, and when that ends', () => {
    const settings = part('Temporary settings', done)
    expect(settings).toContain('mupdate_retry_delay: 20 on frontends')
    expect(settings).toContain('mupdate_connections_max: 900 on the master')
    expect(settings).toMatch(
      /reverted when the last moment for turning back is over .* a list, of 900 ms \(measured once\)/,
    )
    expect(settings).not.toContain('extrapolated')
    const slow = changed(({ slaves }) => Object.assign(slaves, { dumpHoldMs: 5000 }))
    expect(part('Temporary settings', slow)).toMatch(
      /mupdate_retry_delay: 40 or more for the night \(extrapolated: 8 slaves/,
    )
    const embedded = part(
      'Temporary settings',
      changed(({ master, slaves }) => {
        Object.assign(master, { kind: 'embedded', settings: {} })
        Object.assign(slaves, { dumpHoldMs: 5000 })
      }),
    )
    expect(embedded).toContain('no setting of a Cyrus was rehearsed')
    expect(embedded).not.toContain('or more for the night')
    const remote = changed(({ master }) => Object.assign(master, { kind: 'remote', settings: {} }))
    expect(part('Temporary settings', remote)).toContain('imapd.conf was not looked at')
  })

  it('says at which lines to stop, with commands', () => {
    const stop = part('Stop at these lines of syslog', done)
    expect(stop).toMatch(/A, frontend: “connection to master timed out”: .*systemctl stop cyrus-imapd.* each 1\.80 s/)
    expect(stop).toMatch(/D, master: .*signaled to death”: .*2,000 mailboxes.*systemctl kill -s HUP cyrus-imapd/)
    expect(stop.match(/^ {2}• [A-D], /gm)).toHaveLength(4)
  })

  it('says what users notice, of creates that were theirs', () => {
    const users = part('What users notice', done)
    expect(users).toContain('a new mailbox takes up to 70.0 ms (measured once)')
    expect(users).toContain('for up to 1.50 s (measured once), then merges it, for 32.0 ms (modelled)')
    expect(users).toContain('3 of 8; 2 time-outs (measured once)')
    const own = changed(({ phases }) => Object.assign(phases[1]!.steps, { 'step.create': metric(5, 70e3) }))
    expect(part('What users notice', own)).toContain('nobody created a mailbox meanwhile')
    expect(part('What users notice', { ...done, mergeNsPerMailbox: 0 })).toContain('for how long was not rehearsed')
  })

  it.each([
    { kind: 'model' as const, says: 'modelled', never: 'measured once' },
    { kind: 'embedded' as const, says: 'measured once, on a stand-in', never: '(measured once)' },
  ])('on $kind passes nothing off as measured on a Cyrus', ({ kind, says, never }) => {
    const page = changed(({ master }) => Object.assign(master, { kind }))
    const text = rehearsalText(page).replaceAll(/\n {4,6}/g, ' ')
    expect(text).toContain(`for all of it (${says})`)
    expect(text).not.toContain(never)
    expect(text).not.toContain(', once')
    expect(part('Not rehearsed', page)).toContain('a real master')
  })

  it('of an invalid one leaves no figure without that word', () => {
    const page = changed(({ verdict }) => Object.assign(verdict, { result: 'invalid' }))
    expect(part('Runbook', page)).toMatch(/^1 slowly +\+0 s +50\.0 s, invalid/m)
    expect(rehearsalText(page)).not.toContain('measured once')
  })

  it('fits 80 columns as text and as Markdown, whatever things are called', () => {
    const long = 'a-phase-with-a-very-long-name-that-somebody-likes'
    const page = changed(
      run => {
        run.phases[1]!.name = long
        run.master.serversListed = { [`${'very-'.repeat(20)}long.example.org`]: 1 }
        run.verdict.reasons = [
          'it is what it is, said with so many words that the line has to be broken before - and + 1. == 2',
        ]
      },
      { steps: [{ ...STEPS[0]!, name: long }, ...STEPS.slice(1)] },
    )
    for (const text of [rehearsalText(page), rehearsalMarkdown(page)])
      for (const line of text.split('\n')) expect(widthOf(line), line).toBeLessThanOrEqual(80)
  })

  it('keeps a line that goes on from being another list, or a heading', () => {
    for (const leader of ['-', '+', '#', '1.', '==', '---']) {
      const reason = `${'x'.repeat(60)} ${'y'.repeat(17)} ${leader} ${'z'.repeat(75)}`
      const page = changed(({ verdict }) => Object.assign(verdict, { reasons: [reason] }))
      const line = rehearsalMarkdown(page)
        .split('\n')
        .find(text => text.startsWith('  '))!
      expect(line).toBe(`  ${leader.slice(0, -1)}\\${leader.slice(-1)}`)
    }
  })

  it('shows what others have written as text', () => {
    const page = changed(({ verdict }) => Object.assign(verdict, { reasons: [NASTY] }), {
      steps: [{ ...STEPS[0]!, what: NASTY }],
    })
    expect(rehearsalHtml(page)).not.toContain('<i>')
    expect(rehearsalMarkdown(page)).not.toContain('<i>')
    expect(rehearsalText(page)).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/)
  })
})
