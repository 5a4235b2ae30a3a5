/** Bytes that end lines: what framing on either side looks for. */
export const LF = 10
export const CR = 13

/** Stands where no bytes are yet: an empty array of its own costs a connection 200 bytes. */
export const NO_BYTES: Uint8Array = new Uint8Array(0)
