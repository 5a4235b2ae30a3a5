import { HarnessError } from '../core/errors.js'
import { modelSettings, refusalOf } from '../masters/model/settings.js'
import { checkSettings, DEFAULT_SETTINGS } from '../masters/cyrus/config.js'

/** What the model takes of them: what it cannot read it must not replace by a default. */
const COUNTS = /^mupdate_(workers_\w+|connections_max)$/

/**
 * As a managed master has its settings, so that a model of one, in real or in virtual time, is the same experiment.
 *
 * @param settings lines of imapd.conf
 * @throws {HarnessError} `USAGE` for those with which no Cyrus would start, or that the model cannot read
 */
export function modelledSettings(settings: Readonly<Record<string, string>>): Record<string, string> {
  checkSettings(settings)
  for (const [key, value] of Object.entries(settings)) {
    if (COUNTS.test(key) && !/^0*[1-9]\d*$/.test(value)) {
      throw new HarnessError('USAGE', `${key}: ${value} is no number that the model could take`, 'give 1 or more')
    }
  }
  const all = { ...DEFAULT_SETTINGS, ...settings }
  const refusal = refusalOf(modelSettings(all))
  if (refusal !== undefined)
    throw new HarnessError('USAGE', `no Cyrus starts with these settings: ${refusal}`, 'set both: see imapd.conf(5)')
  return all
}
