import { checkTensor, isForeignTensor, Tensor } from './tensor.js'

/** Tensors in nested records and arrays: parameters, carries, optimiser state. */
export type Tree = Tensor | readonly Tree[] | { readonly [name: string]: Tree }

/** @throws TypeError for a part of a tree that is neither a tensor nor a record or array, or another engine's tensor. */
function checkBranch(branch: unknown, path: string): void {
  if (typeof branch !== 'object' || branch === null)
    throw new TypeError(
      `${path || 'tree'}: got ${branch === null ? 'null' : typeof branch}, give tensors in records or arrays`,
    )
  if (isForeignTensor(branch)) checkTensor(path || 'tree', branch)
}

const childPath = (path: string, key: string): string => (path ? `${path}.${key}` : key)

/**
 * All tensors of a tree with their paths (`cell.kernel`, `layers.0.bias`), in the order of their keys. `path`: that of the
 * tree itself.
 * @throws TypeError for parts that are neither tensors nor records or arrays of them, here and below.
 */
export function entries(tree: Tree, path = ''): [path: string, t: Tensor][] {
  if (tree instanceof Tensor) return [[path, tree]]
  checkBranch(tree, path)
  return Object.entries(tree).flatMap(([key, child]) => entries(child, childPath(path, key)))
}

/** All tensors of a tree, in the order of their keys. */
export const leaves = (tree: Tree): Tensor[] => entries(tree).map(([, t]) => t)

/** The same tree with other tensors; `f` is called in the order of `leaves`, with the path. */
export function mapTree<T extends Tree>(tree: T, f: (t: Tensor, path: string) => Tensor, path = ''): T {
  const map = (branch: Tree, path: string): Tree => {
    if (branch instanceof Tensor) return f(branch, path)
    checkBranch(branch, path)
    const children = Object.entries(branch).map(([key, child]): [string, Tree] => [
      key,
      map(child, childPath(path, key)),
    ])
    return Array.isArray(branch) ? children.map(([, child]) => child) : Object.fromEntries(children)
  }
  return map(tree, path) as T
}

/** `template` with its tensors replaced by `tensors`, in the order of `leaves`. */
export function fillTree<T extends Tree>(template: T, tensors: readonly Tensor[]): T {
  let i = 0
  return mapTree(template, () => tensors[i++])
}
