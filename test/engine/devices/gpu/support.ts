import type tape from 'tape'
import { DeviceUnavailableError, openDevice, type Runtime } from '../../../../engine/index.js'

// A software adapter will do for tests.
process.env.XENOGRAD_GPU_ALLOW_CPU = '1'

/**
 * The device gpu, on a software adapter if there is no other; or undefined, and `t` says that it was skipped and how
 * to get what is missing. Where $XENOGRAD_GPU_PACKAGES has gl (headless-gl, version 9) and not webgpu, it is on WebGL2.
 */
export async function gpuOrSkip(t: tape.Test): Promise<Runtime | undefined> {
  try {
    return await openDevice('gpu')
  } catch (error) {
    if (!(error instanceof DeviceUnavailableError)) throw error
    t.skip(`skipped: ${error.message}`)
    return undefined
  }
}
