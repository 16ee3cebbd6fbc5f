import type { Implementation } from './methods.js'
import { Tensor } from './tensor.js'

/** Give all tensors methods, from functions of the tensor and the method's arguments. */
export function implement<Methods>(methods: Implementation<Tensor, Methods>): void {
  for (const [name, method] of Object.entries(methods) as [
    string,
    (x: Tensor, ...args: unknown[]) => unknown,
  ][])
    Object.defineProperty(Tensor.prototype, name, {
      value(this: Tensor, ...args: unknown[]) {
        return method(this, ...args)
      },
      writable: true,
      configurable: true,
    })
}
