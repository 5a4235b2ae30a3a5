import type { Ledger, LedgerNews, Mutation } from './ledger.js'

/** Does in this thread's ledger what was done in that of the backends' thread. */
export class LedgerCopy {
  /** By order: sent, and not answered yet. */
  private readonly sent = new Map<number, Mutation>()

  constructor(private readonly ledger: Ledger) {}

  apply(news: LedgerNews): void {
    if (news.kind === 'sent') {
      const mutation = this.ledger.sending(news.command, news.isMutation)
      if (mutation !== undefined) this.sent.set(mutation.order, mutation)
      return
    }
    const mutation = this.sent.get(news.order)
    if (mutation === undefined) return
    this.sent.delete(news.order)
    if (news.kind === 'succeeded') this.ledger.succeeded(mutation, news.okNs)
    else this.ledger.failed(mutation)
  }
}
