import type { Implementation } from './methods.js'
import { Tensor } from './tensor.js'

/** Give all tensors methods, from functions of the tensor and the method's arguments. */
export function implement<Methods>(methods: Implementation<Tensor, Methods>): void {
  type Method = (x: Tensor, ...args: unknown[]) => unknown
  const table = methods as Record<string | symbol, Method>
  for (const name of Reflect.ownKeys(methods as object)) {
    const method = table[name]
    Object.defineProperty(Tensor.prototype, name, {
      value(this: Tensor, ...args: unknown[]) {
        return method(this, ...args)
      },
      writable: true,
      configurable: true,
    })
  }
}
