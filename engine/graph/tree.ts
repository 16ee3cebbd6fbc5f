import { Tensor } from './tensor.js'

/** Tensors in nested records and arrays: parameters, carries, optimiser state. */
export type Tree = Tensor | readonly Tree[] | { readonly [name: string]: Tree }

/** @throws TypeError unless there are tensors to be found in a node of a tree that is none itself. */
function checkBranch(tree: unknown, path: string): void {
  if (typeof tree !== 'object' || tree === null)
    throw new TypeError(
      `${path || 'tree'}: got ${tree === null ? 'null' : typeof tree}, give tensors in records or arrays`,
    )
}

/** All tensors of a tree with their paths (`cell.kernel`, `layers.0.bias`), in the order of their keys. */
export function entries(tree: Tree, path = ''): [path: string, t: Tensor][] {
  if (tree instanceof Tensor) return [[path, tree]]
  checkBranch(tree, path)
  return Object.entries(tree).flatMap(([key, value]) => entries(value, path ? `${path}.${key}` : key))
}

/** All tensors of a tree, in the order of their keys. */
export const leaves = (tree: Tree): Tensor[] => entries(tree).map(([, t]) => t)

/** The same tree with other tensors; `f` is called in the order of `leaves`, with the path. */
export function mapTree<T extends Tree>(tree: T, f: (t: Tensor, path: string) => Tensor, path = ''): T {
  const at = (key: string | number) => (path ? `${path}.${key}` : String(key))
  const walk = (node: Tree): Tree => {
    if (node instanceof Tensor) return f(node, path)
    checkBranch(node, path)
    if (Array.isArray(node)) return node.map((child, i) => mapTree(child, f, at(i)))
    return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, mapTree(child, f, at(key))]))
  }
  return walk(tree) as T
}

/** `template` with its tensors replaced by `tensors`, in the order of `leaves`. */
export function fillTree<T extends Tree>(template: T, tensors: readonly Tensor[]): T {
  let i = 0
  return mapTree(template, () => tensors[i++])
}
