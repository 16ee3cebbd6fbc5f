/** Flags of WebGPU's GPUBufferUsage, which Node has no names for. */
const [mapRead, copySource, copyDestination, uniform, storage] = [0x01, 0x04, 0x08, 0x40, 0x80]

/** What buffers are used for. */
export const bufferUsage = {
  /** Data of kernels, copied from and to. */
  storage: storage | copySource | copyDestination,
  /** Parameters of kernels. */
  uniform: uniform | copyDestination,
  /** Copies that the host reads. */
  staging: mapRead | copyDestination,
} as const
