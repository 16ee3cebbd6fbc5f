import { Tensor } from '../graph/tensor.js'
import { hostData, result } from '../ops/source.js'
import { openDevice } from './devices.js'
import { Storage } from './runtime.js'

declare module '../graph/tensor.js' {
  interface Tensor {
    /**
     * A copy on another device, which is opened if need be. A graph is computed on one device, where its values are;
     * this is the way from one to another. Computes the value if need be.
     * @throws Error for a device that is not known or not available.
     */
    to(device: string): Promise<Tensor>
  }
}

Tensor.prototype.to = async function (name: string): Promise<Tensor> {
  const runtime = await openDevice(name)
  const onHost = this.storage || this.gone !== undefined ? undefined : hostData(this)
  const values = onHost ?? (await this.data())
  const copy = result(this.shape, this.dtype)
  copy.storage = new Storage(runtime, runtime.alloc(values.byteLength))
  runtime.device.write(copy.storage.buffer, values)
  return copy
}
