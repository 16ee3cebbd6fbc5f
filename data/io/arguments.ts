/**
 * What functions say that were given something else: a path for an object, text for coded bases. Programs in JavaScript
 * have no type checker, and an error from inside says neither what was wanted nor where it went wrong.
 */

/** What a value is, for messages. */
export function describeValue(x: unknown): string {
  if (typeof x === 'string') return `the string '${x.length > 40 ? `${x.slice(0, 40)}…` : x}'`
  if (typeof x === 'function') return 'a function'
  if (typeof x !== 'object' || x === null) return String(x)
  if (x instanceof Promise) return 'a promise (await it)'
  if (ArrayBuffer.isView(x)) return `a ${x.constructor.name}`
  return Array.isArray(x) ? 'an array' : 'an object'
}

/** @throws TypeError for what is no string, such as a path has to be. `caller` begins the message, `what` is e.g. `the path of a model`. */
export function checkString(caller: string, what: string, x: unknown): asserts x is string {
  if (typeof x !== 'string') throw new TypeError(`${caller}: got ${describeValue(x)}, give ${what}`)
}

/** @throws TypeError for what is no object with these properties. `what`: how to come by it. */
export function checkObject<P extends string = never>(
  caller: string,
  what: string,
  x: unknown,
  properties: readonly P[] = [],
): asserts x is { readonly [name in P]: unknown } {
  if (
    typeof x !== 'object' ||
    x === null ||
    x instanceof Promise ||
    Array.isArray(x) ||
    ArrayBuffer.isView(x)
  )
    throw new TypeError(`${caller}: got ${describeValue(x)}, give ${what}`)
  const missing = properties.find(name => !(name in x))
  if (missing !== undefined)
    throw new TypeError(`${caller}: got an object without '${missing}', give ${what}`)
}

/** @throws TypeError for what is no array of paths. */
export function checkPaths(caller: string, x: unknown): asserts x is readonly string[] {
  if (!Array.isArray(x)) throw new TypeError(`${caller}: got ${describeValue(x)}, give an array of paths`)
  for (const path of x) checkString(caller, 'paths', path)
}

/** @throws TypeError for what are no coded bases. */
export function checkBases(caller: string, x: unknown): asserts x is Uint8Array {
  if (!(x instanceof Uint8Array))
    throw new TypeError(`${caller}: got ${describeValue(x)}, give ${codedBases(x)}`)
}

/** @throws TypeError for what are no reads, each a Uint8Array of bases. */
export function checkReads(caller: string, x: unknown): asserts x is readonly Uint8Array[] {
  if (!Array.isArray(x))
    throw new TypeError(`${caller}: got ${describeValue(x)}, give an array of reads, each ${codedBases(x)}`)
  for (const [i, read] of x.entries())
    if (!(read instanceof Uint8Array))
      throw new TypeError(`${caller}: read ${i} is ${describeValue(read)}, give ${codedBases(read)}`)
}

function codedBases(instead: unknown): string {
  const ofRead = typeof instead === 'object' && instead !== null && 'bases' in instead
  return `a Uint8Array of bases 0 to 3 (${ofRead ? 'its bases: read.bases' : "encode('ACGT') of xenograd/data makes one of text"})`
}
