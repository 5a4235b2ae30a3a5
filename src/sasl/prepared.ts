/** RFC 3454 table B.1: mapped to nothing. */
const NOTHING = /\u034F|[\u180B-\u180D]|[\uFE00-\uFE0F]|[\u00AD\u1806\u200B-\u200D\u2060\uFEFF]/g
/** RFC 3454 table C.1.2: mapped to a space. */
const SPACES = /[\u00A0\u1680\u2000-\u200B\u202F\u205F\u3000]/g

/**
 * A user or password as SCRAM hashes it: SASLprep's mappings (RFC 4013 sections 2.1 and 2.2). What it forbids is
 * passed on: a master that knows such a password is not ours to correct.
 */
export function prepared(text: string): string {
  return text.replace(SPACES, ' ').replace(NOTHING, '').normalize('NFKC')
}
