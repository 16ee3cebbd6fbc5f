/** What a return code means and what to do about it. Codes: acl_base.h, rt_error_codes.h, and the list of aclnn codes. */
const meanings: Readonly<Record<number, string>> = {
  100000: 'invalid parameter',
  100001: 'ACL is not initialised',
  107000: 'invalid parameter',
  107001: 'there is no device of this number; `npu-smi info` lists them',
  107002: 'no context on this thread: ACL must be used from the thread that opened the device',
  107019: 'waiting timed out',
  107027: 'this cannot be done while a graph is captured; open the device with capture off',
  107030: 'this cannot be done while a graph is captured; open the device with capture off',
  161001: 'an operand is missing',
  161002: 'the chip does not take these shapes or dtypes',
  200000: 'out of host memory',
  207000: 'the chip has no such feature',
  207001: 'out of device memory; take a smaller batch, or end other processes on the card (`npu-smi info`)',
  207003: 'overflow in a core',
  207004: 'no device; check the driver with `npu-smi info`',
  361001: 'the runtime failed below the operator; usually a kernel that was enqueued before has failed',
  500000: 'internal error',
  507010:
    'the card has stopped answering; check it with `npu-smi info`, then start again from the last checkpoint',
  507011: 'a kernel failed',
  507014: 'a kernel did not end in time',
  507015: 'a kernel failed on an AI core',
  507018: 'a kernel failed on an AI CPU',
  507046:
    'the card did not finish in half an hour; check it with `npu-smi info`, then start again from the last checkpoint',
  507903: 'something has spoilt the capture of a graph; open the device with capture off',
  507899: 'the driver failed; check the card with `npu-smi info`',
  561001: 'shapes could not be inferred',
  561002: 'tiling failed',
  561003: 'there is no kernel; install the CANN kernels package for this chip',
  561101: 'no executor could be made',
  561103: 'a null pointer inside the operator',
  561107: 'ASCEND_OPP_PATH is not set; `source <cann>/set_env.sh` before starting Node',
  561112: 'the kernels are not loaded; install the CANN kernels package for this chip',
}

const summary = (code: number): string =>
  `error ${code}, ${meanings[code] ?? 'see the list of aclError codes in the CANN documentation'}`

/** A call of the Ascend C API that failed. */
export class AscendError extends Error {
  /** `what`: the call and its operands. `detail`: the library's own words, from `aclGetRecentErrMsg`. */
  constructor(
    readonly code: number,
    what: string,
    detail: string | null,
  ) {
    const words = detail?.trim().replace(/\s+/g, ' ')
    super(`ascend: ${what}: ${summary(code)}${words ? ` [${words}]` : ''}`)
    this.name = 'AscendError'
  }

  /** The code and what it means. */
  get summary(): string {
    return summary(this.code)
  }

  /** Whether phase one only said no to an operator, dtype or shape: something else may do instead. */
  get isRefusal(): boolean {
    return (
      this.code === 207000 || Math.floor(this.code / 1000) === 161 || Math.floor(this.code / 1000) === 561
    )
  }

  /** Whether the device is of no more use: a kernel or the card has failed, and all work behind it with it. */
  get isLoss(): boolean {
    return Math.floor(this.code / 1000) === 507 && this.code !== spoiltCapture
  }
}

/** A graph that could not be captured; the card has done nothing wrong. */
const spoiltCapture = 507903
/** Phase one refuses the operands. */
export const refusedOperands = 161002
/** Out of device memory. */
export const outOfMemory = 207001
/** aclInit was called before: as good as success. */
export const repeatedInit = 100002
