import type fc from 'fast-check'
import type { Draw } from '../index.js'

/**
 * The package fast-check, loaded when it is first needed.
 * @throws Error that says how to install it, when it is not installed.
 */
export async function fastCheck(): Promise<typeof fc> {
  try {
    return (await import('fast-check')).default
  } catch (cause) {
    throw new Error(
      'xenograd/testing: the package fast-check is not installed; run npm install --save-dev fast-check',
      { cause },
    )
  }
}

/** Draws that fast-check makes, remembers and shrinks; `gen` is the value of `fc.gen()`. */
export const drawWith = (check: typeof fc, gen: fc.GeneratorValue): Draw => ({
  int: (min, max) => gen(check.integer, { min, max }),
  pick: items => items[gen(check.integer, { min: 0, max: items.length - 1 })],
})
