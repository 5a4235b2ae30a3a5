/** The client's side of one login (RFC 4422): pure, fed with what the server says. */
export interface SaslClient {
  /** What it says first, with AUTHENTICATE or after an empty challenge; undefined where the server speaks first. */
  first(): Buffer | undefined
  /** @throws {HarnessError} `AUTH_FAILED` for what is no challenge of this mechanism, or is not from who knows the password */
  respond(challenge: Buffer): Buffer
  /** The server has said OK. @throws {HarnessError} `AUTH_FAILED` when it has still to prove that it knows the password */
  finish(): void
}

/** What a server makes of a response. */
export type SaslStep =
  | { readonly kind: 'challenge'; readonly data: Buffer }
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused' }

/** The server's side of one login. */
export interface SaslServer {
  /** @param response undefined at the start, when AUTHENTICATE came without one */
  next(response: Buffer | undefined): SaslStep
}

export const ACCEPTED: SaslStep = { kind: 'accepted' }
export const REFUSED: SaslStep = { kind: 'refused' }

export function challenge(data: Buffer | string): SaslStep {
  return { kind: 'challenge', data: Buffer.from(data as string) }
}
