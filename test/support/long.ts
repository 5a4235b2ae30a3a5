import { it } from 'vitest'

type Test = (name: string, run: () => Promise<void>, limitMs: number) => void

/** For tests of many minutes, there where they are asked for: MUPDATE_BENCH_LONG_TESTS=1 npm run test:cyrus */
export const itAtLength: Test = process.env.MUPDATE_BENCH_LONG_TESTS === '1' ? it : () => {}
