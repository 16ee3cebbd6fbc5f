import type { CFunction } from './library.js'
import { declaredName } from './prototypes.js'

/** The functions that prototypes declare, by name. */
export type Bound<P extends readonly string[]> = { readonly [name in NameIn<P[number]>]: CFunction }
/** The name that a prototype declares: what stands before the bracket, behind the last `*` or the space. */
type NameIn<P extends string> = P extends `${infer Head}(${string}`
  ? Head extends `${string}*${infer Name}`
    ? Name
    : Head extends `${string} ${infer Name}`
      ? Name
      : never
  : never

/** Prototypes by the names that they declare, each bound by `find`. */
export function bind<const P extends readonly string[]>(
  prototypes: P,
  find: (prototype: string) => CFunction,
): Bound<P>
export function bind<const P extends readonly string[]>(
  prototypes: P,
  find: (prototype: string) => CFunction | undefined,
): Partial<Bound<P>>
export function bind(prototypes: readonly string[], find: (prototype: string) => CFunction | undefined) {
  return Object.fromEntries(prototypes.map(prototype => [declaredName(prototype), find(prototype)]))
}
