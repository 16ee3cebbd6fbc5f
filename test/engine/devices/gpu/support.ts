import test, { type Test } from 'tape'
import { closeDevice, DeviceUnavailableError, openDevice, type Runtime } from '../../../../engine/index.js'

let opened: Promise<Runtime> | undefined

/**
 * The device gpu, on a software adapter if there is no other; or undefined, and `t` says that it was skipped and how
 * to get what is missing. Where XENOGRAD_GPU_PACKAGES has gl (headless-gl, version 9) and not webgpu, it is on WebGL2.
 * It is closed after the last test.
 */
export async function gpuOrSkip(t: Test): Promise<Runtime | undefined> {
  opened ??= openDevice('gpu', { allowCpu: true })
  try {
    return await opened
  } catch (error) {
    if (!(error instanceof DeviceUnavailableError)) throw error
    t.skip(`skipped: ${error.message}`)
    return undefined
  }
}

test.onFinish(() => {
  if (opened) closeDevice('gpu').catch(() => {})
})
