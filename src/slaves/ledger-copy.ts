import type { Ledger, LedgerNews, Mutation } from './ledger.js'

/** Does in this thread's ledger what was done in that of another, which sends operations. */
export class LedgerCopy {
  /** By their order there: sent, and not answered yet. */
  private readonly sent = new Map<number, Mutation>()

  constructor(
    private readonly ledger: Ledger,
    private readonly sender: number,
  ) {}

  apply(news: LedgerNews): void {
    const { order } = news
    if (news.kind === 'sent') {
      const { command, isMutation, atNs } = news
      const mutation = this.ledger.sending(command, { sender: this.sender, order, atNs, isMutation })
      if (mutation !== undefined) this.sent.set(order, mutation)
      return
    }
    const mutation = this.sent.get(order)
    if (mutation === undefined) return
    this.sent.delete(order)
    if (news.kind === 'succeeded') this.ledger.succeeded(mutation, news.okNs)
    else this.ledger.failed(mutation)
  }
}
