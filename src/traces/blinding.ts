/** After these nobody between the two sides can read what they say. */
export const BLINDING = ['STARTTLS', 'COMPRESS'] as const
