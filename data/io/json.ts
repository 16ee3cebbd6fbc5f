/**
 * The value of a text in JSON.
 * @throws Error that says where the text is none; what stands there is the text's own, and may be anything.
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`not JSON: ${placeOf(error as Error, text)}`, { cause: error })
  }
}

/** Where the parser stopped, as far as it says so, and what stands there. */
function placeOf({ message }: Error, text: string): string {
  if (text.trim() === '') return 'it is empty'
  if (/end of JSON/.test(message)) return 'it breaks off'
  const position = /at position (\d+)/.exec(message)?.[1]
  if (position === undefined) return `it begins with '${text.slice(0, 20)}'`
  const before = text.slice(0, Number(position)).split('\n')
  const place = `line ${before.length}, column ${before[before.length - 1].length + 1}`
  return Number(position) >= text.length ? `it breaks off at ${place}` : `it goes wrong at ${place}`
}
