const KEY = 'mupdate-bench live token'

/**
 * The link's token, which is taken out of the address bar: what stands there is seen over shoulders, is copied, and stays
 * in the history. This tab keeps it, so that the page can be loaded again. Empty where there is none.
 */
export function takeToken(): string {
  const given = new URLSearchParams(location.search).get('token')
  try {
    if (given === null) return sessionStorage.getItem(KEY) ?? ''
    sessionStorage.setItem(KEY, given)
    history.replaceState(null, '', location.pathname)
  } catch {
    // A browser that keeps nothing: the address keeps it then.
  }
  return given ?? ''
}
