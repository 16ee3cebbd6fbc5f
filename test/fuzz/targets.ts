import type { Mutation } from './mutation.js'

/** Something that reads what others wrote, and how to try it. */
export type Target = {
  readonly name: string
  /** An input: one of some sound ones, which `pick` chooses, after changes. */
  readonly make: (changes: readonly Mutation[], pick: number) => Uint8Array | Promise<Uint8Array>
  /**
   * Has the input read; returns whether it was accepted.
   * @throws Error unless it is refused as it should be, or what was read is sound.
   */
  readonly judge: (input: Uint8Array) => Promise<boolean>
}

/** One of a list, by any number. */
export const pickOf = <T>(list: readonly T[], pick: number): T => list[pick % list.length]
