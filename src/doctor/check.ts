import type { DoctorCheck } from '../metrics/doctor-result.js'

/** One thing that was looked at; its group is given where they are put together. */
export type Check = Omit<DoctorCheck, 'group'>

export function ok(name: string, said: string): Check {
  return { name, mark: 'ok', said, remedy: null }
}

export function warning(name: string, said: string, remedy: string): Check {
  return { name, mark: 'warning', said, remedy }
}

export function failed(name: string, said: string, remedy: string): Check {
  return { name, mark: 'failed', said, remedy }
}

/** @param remedy how to find it out */
export function notMeasured(name: string, said: string, remedy: string | null): Check {
  return { name, mark: 'notMeasured', said, remedy }
}
