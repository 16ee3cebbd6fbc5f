import { parse } from 'es-module-lexer/js'
import type { Cell } from '../../engine/index.js'
import * as engine from '../../engine/index.js'
import * as testing from '../../engine/testing/index.js'
import { cellsIn } from '../../model/index.js'
import { confine } from './confine.js'
import { stripTypes } from './stripTypes.js'

/** What is wrong with the text of a cell; `line` counts from 1, undefined where nobody knows. */
export class CellTextError extends Error {
  override readonly name = 'CellTextError'
  constructor(
    message: string,
    readonly line?: number,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** What the text of a cell may import: this page's own engine, as a tensor of another would be foreign to it. */
const doors: Readonly<Record<string, object>> = { xenograd: engine, 'xenograd/testing': testing }

/** Where modules of the doors find what they export. */
const registry = Symbol.for('xenograd.doors')
Object.assign(globalThis, { [registry]: doors })

const addressOf = (code: string): string => URL.createObjectURL(new Blob([code], { type: 'text/javascript' }))

const isIdentifier = (name: string): boolean => /^[A-Za-z_$][\w$]*$/.test(name)

/** The address of a module that exports what a door does. */
const doorAddress = (door: string): string => {
  const names = Object.keys(doors[door]).filter(isIdentifier)
  return addressOf(`export const { ${names} } = globalThis[Symbol.for('xenograd.doors')]['${door}']`)
}

const addresses = new Map<string, string>()

function addressOfDoor(door: string): string {
  const address = addresses.get(door) ?? doorAddress(door)
  addresses.set(door, address)
  return address
}

/**
 * The cell that a module's text (JavaScript, or TypeScript) exports. THE TEXT RUNS in this worker, which is confined first
 * (devices must have their threads by then); it is for what users ask to be run. `xenograd` in it is this page's.
 * @throws CellTextError for text that is no module, that throws, imports what is not there, or exports no cell or several.
 */
export async function cellOfText(text: string): Promise<Cell> {
  const address = addressOf(resolved(text))
  confine()
  try {
    const module: Readonly<Record<string, unknown>> = await import(/* @vite-ignore */ address)
    const cells = cellsIn(module)
    if (cells.length === 1) return cells[0]
    throw new CellTextError(
      `this exports ${cells.length} cells; export exactly one: export const myCell = defineCell({ name, parameters, carry, step })`,
    )
  } catch (error) {
    throw locate(error)
  } finally {
    URL.revokeObjectURL(address)
  }
}

/** JavaScript with as many lines, and with the addresses of what it imports. */
function resolved(text: string): string {
  const code = stripped(text)
  const [imports] = located(() => parse(code))
  let result = code
  for (const { type, specifier, importStart, start, end } of [...imports].reverse()) {
    if (type === 'import-meta') continue
    const line = code.slice(0, importStart).split('\n').length
    if (type === 'dynamic' || specifier === undefined)
      throw new CellTextError('it imports while it runs; write import … from at the beginning', line)
    if (!(specifier in doors))
      throw new CellTextError(
        `it imports '${specifier}'; in a page there is ${Object.keys(doors).join(' and ')} to import from`,
        line,
      )
    result = result.slice(0, start) + addressOfDoor(specifier) + result.slice(end)
  }
  return result
}

/** The text without types. The parser's own line is where it last gave up, which misleads: that of the error is TypeScript's to say. */
function stripped(text: string): string {
  try {
    return stripTypes(text)
  } catch (cause) {
    throw new CellTextError('this is no JavaScript or TypeScript yet; the editor marks where', undefined, {
      cause,
    })
  }
}

function located<R>(fn: () => R): R {
  try {
    return fn()
  } catch (error) {
    throw locate(error)
  }
}

/** An error with the line of the text where it came from, as far as one can tell. */
export function locate(error: unknown): CellTextError {
  if (error instanceof CellTextError) return error
  if (!(error instanceof Error)) return new CellTextError(`it throws ${String(error)}`)
  // Messages of the parser end in (line:column), those of the browser have the module's address in their stack.
  const inMessage = /\s*\((\d+):\d+\)$/.exec(error.message)
  const inStack = /\bblob:\S+?:(\d+):\d+/.exec(error.stack ?? '')
  const line = inMessage?.[1] ?? inStack?.[1]
  const message = error.message.replace(/\s*\(\d+:\d+\)$/, '').replace(/^Error transforming .*?: /, '')
  return new CellTextError(message, line === undefined ? undefined : Number(line))
}
