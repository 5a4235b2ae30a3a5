import type { Random } from '../core/random.js'

/**
 * What a statistic would come to, were the samples drawn again and again (Efron 1979): from the sample itself, each as
 * often as it comes.
 *
 * @returns the statistic of each resample, ascending
 */
export function bootstrap<T>(
  sample: readonly T[],
  statistic: (resample: readonly T[]) => number,
  resamples: number,
  random: Random,
): Float64Array {
  const values = new Float64Array(resamples)
  const drawn = new Array<T>(sample.length)
  for (let i = 0; i < resamples; i++) {
    for (let j = 0; j < drawn.length; j++) drawn[j] = sample[Math.floor(random() * sample.length)]
    values[i] = statistic(drawn)
  }
  return values.sort()
}
