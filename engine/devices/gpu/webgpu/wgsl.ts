import { dialectNode } from '../dialect.js'
import type { GpuJs } from '../gpujs.js'

/** gpu.js's class of WebGPU kernels, for the dialect. Buffers are the device's business. */
export function wgslKernel({ WGSLFunctionNode, WebGPUKernel, WebGPUContext, FunctionBuilder }: GpuJs) {
  const Node = dialectNode(WGSLFunctionNode, 'wgsl')

  return class WgslKernel extends WebGPUKernel {
    override translateSource(): void {
      const prototypes = FunctionBuilder.fromKernel(this, Node).getPrototypes('kernel')
      this.translatedBody = prototypes[prototypes.length - 1]
      this.translatedFunctions = prototypes.slice(0, -1).join('\n')
    }

    override assembleWGSL(): string {
      return super.assembleWGSL().replace(/<storage, read> (?=user_out)/g, '<storage, read_write> ')
    }

    /** Compiles the shader; its layout is what it uses, without the one output that gpu.js would bind. */
    override async _buildAsync(): Promise<void> {
      this.context = await WebGPUContext.acquire()
      const { device } = this.context
      const module = device.createShaderModule({ code: this.compiledSource })
      const { messages } = await module.getCompilationInfo()
      const errors = messages.filter(({ type }) => type === 'error').map(({ message }) => message)
      if (errors.length)
        throw new Error(`gpu device: gpu.js made a shader that does not compile: ${errors}\n${this.source}`)
      const compute = { module, entryPoint: 'main' }
      this.computePipeline = await device.createComputePipelineAsync({ layout: 'auto', compute })
      this._device = device
      this.built = true
    }
  }
}
