/** Where a master listens. */
export interface MasterAddress {
  readonly host: string
  readonly port: number
}

/** Who a client says it is; the password comes from the environment, a file or a prompt and goes into no result. */
export interface Credentials {
  readonly user: string
  readonly password: string
  /** The SASL mechanism that is asked for; the strongest that is offered when absent. */
  readonly mechanism?: string
  /** Whom it acts for: SASL's authorization identity. */
  readonly authorize?: string
}
