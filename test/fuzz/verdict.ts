import { InputError, printable } from '../../data/index.js'
import { CheckpointError, SettingsError } from '../../model/index.js'

/** What no message may have in it: words of the language or its libraries, which tell users nothing. */
const fromInside =
  /undefined|\[object|Cannot read|is not a function|is not iterable|Unexpected token|Invalid (typed )?array|outside the bounds|Maximum call stack|Reduce of empty|not more than 10 bytes/

/** The longest message, in characters. */
const longest = 2100

/** @throws Error unless a message can be shown to anybody. */
export function checkMessage(message: string): void {
  const fail = (what: string) => {
    throw new Error(`${what}: ${JSON.stringify(message.slice(0, 500))}`)
  }
  if (message !== printable(message)) fail('control characters in a message')
  if (fromInside.test(message)) fail('a message from inside')
  if (message.length > longest) fail(`a message of ${message.length} characters`)
}

/**
 * What a reader made of its input: a value, or undefined where it was refused as bad input.
 * @throws Error for any other error, and for a refusal whose message does not do.
 */
export async function outcomeOf<T>(read: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    const isRefusal =
      error instanceof InputError || error instanceof CheckpointError || error instanceof SettingsError
    if (!isRefusal) throw error
    checkMessage(error.message)
    return undefined
  }
}

/** @throws Error with `what` unless `condition` holds. */
export function check(condition: boolean, what: string): void {
  if (!condition) throw new Error(what)
}
