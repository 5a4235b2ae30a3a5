/** Strict decoder of mailbox names (RFC 3501 section 5.1.3), written without the generator: `undefined` if invalid. */
export function decodeModifiedUtf7(name: string): string | undefined {
  let text = ''
  for (let i = 0; i < name.length; i++) {
    if (name[i] !== '&') {
      text += name[i]
      continue
    }
    const end = name.indexOf('-', i)
    if (end < 0) return undefined
    const encoded = name.slice(i + 1, end)
    if (encoded === '') text += '&'
    else {
      const bytes = Buffer.from(encoded.replaceAll(',', '/'), 'base64')
      const same = bytes.toString('base64').replaceAll('/', ',').replaceAll('=', '')
      // Printable ASCII must stand for itself; canonical base64 only.
      if (bytes.length === 0 || bytes.length % 2 !== 0 || same !== encoded) return undefined
      const decoded = bytes.swap16().toString('utf16le')
      if (/[\x20-\x7e]/.test(decoded)) return undefined
      text += decoded
    }
    i = end
  }
  return text
}
