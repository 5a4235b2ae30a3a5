import { it } from 'vitest'

/** For tests of many minutes, run where they are asked for: MUPDATE_BENCH_LONG_TESTS=1 npm run test:cyrus */
export const itAtLength: typeof it | typeof it.skip = process.env.MUPDATE_BENCH_LONG_TESTS === '1' ? it : it.skip
