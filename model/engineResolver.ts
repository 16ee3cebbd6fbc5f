import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

/**
 * What `xenograd` means in a user's code file: this package, wherever the file lies. A copy of its own would make tensors
 * that this engine does not know, and beside a command that is installed globally there is none. These are hooks of Node's
 * module loader; where Node has no synchronous ones, it runs this file in a thread of its own.
 */

type Context = { readonly parentURL?: string | undefined }
type Resolved = { readonly url: string; readonly shortCircuit?: boolean | undefined }
type Next<C, R> = (specifier: string, context: C) => R

const { resolve: pathOf } = createRequire(import.meta.url)

/** Addresses of the user's code, and of all that it imports. */
const files = new Set<string>()

/** Begin with the address of a file. Node calls this with the data given to `register`. */
export function initialize(file: string): void {
  files.add(file)
}

const isOurs = ({ parentURL }: Context): boolean => parentURL !== undefined && files.has(parentURL)

/** This package finds its doors by its own name. Undefined for what is to be resolved as everywhere. */
const doorOf = (specifier: string, context: Context): Resolved | undefined =>
  isOurs(context) && /^xenograd(\/|$)/.test(specifier)
    ? { url: pathToFileURL(pathOf(specifier)).href, shortCircuit: true }
    : undefined

/** Node's asynchronous hook (`module.register`). */
export async function resolve<C extends Context>(
  specifier: string,
  context: C,
  next: Next<C, Resolved | Promise<Resolved>>,
): Promise<Resolved> {
  const resolved = doorOf(specifier, context) ?? (await next(specifier, context))
  if (isOurs(context)) files.add(resolved.url)
  return resolved
}

/** Node's synchronous hook (`module.registerHooks`). */
export function resolveSync<C extends Context>(
  specifier: string,
  context: C,
  next: Next<C, Resolved>,
): Resolved {
  const resolved = doorOf(specifier, context) ?? next(specifier, context)
  if (isOurs(context)) files.add(resolved.url)
  return resolved
}
