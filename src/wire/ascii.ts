/** Bytes that end lines: what framing on either side looks for. */
export const LF = 10
export const CR = 13
