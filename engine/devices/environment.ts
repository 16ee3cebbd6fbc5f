/**
 * Every environment variable that the package reads, and what it is for. No other file touches the environment, so that
 * what a program does depends on what is listed here and on nothing else.
 */
export const environmentVariables = {
  XENOGRAD_THREADS: 'threads of the device wasm',
  XENOGRAD_VECTORS: 'width of the vectors of the device wasm: 128, 256 or auto',
  XENOGRAD_MEMORY64:
    'addresses of 64 bits in the device wasm: on, off, auto (when they are needed) or unchecked',
  XENOGRAD_BLAS: 'the BLAS library of the device wasm: off, auto, or a path',
  XENOGRAD_GPU_ALLOW_CPU: '1: the device gpu takes a software adapter, too',
  XENOGRAD_GPU_PACKAGES: 'a folder with gpu.js and webgpu (or gl) in its node_modules',
  XENOGRAD_ASCEND_DEVICE: 'number of the card that is the device ascend',
  XENOGRAD_ASCEND_PRECISION: 'what the device ascend rounds the operands of products to: fp32, hf32 or fp16',
  XENOGRAD_DEBUG: '1: errors of the command line come with their stack',
  ASCEND_HOME_PATH: 'where CANN is: its set_env.sh sets it',
  ASCEND_TOOLKIT_HOME: 'the name of ASCEND_HOME_PATH in older versions of CANN',
  ASCEND_OPP_PATH: "where CANN's operators are: its set_env.sh sets it",
  ASCEND_STUB: "the folder of the tests' stub of CANN",
  CONDA_PREFIX: 'the active Conda environment, whose libraries are looked at',
  DISPLAY: 'the X display, without which headless-gl does not start',
  DYLD_LIBRARY_PATH: 'folders of libraries, on macOS',
  OPENBLAS_CORETYPE: 'the kernels that OpenBLAS takes; it reads that by itself',
  LOCALAPPDATA: 'the cache folder, on Windows',
  XDG_CACHE_HOME: 'the cache folder; ~/.cache (on macOS ~/Library/Caches) if it is not set',
  LD_LIBRARY_PATH: 'folders of libraries, on Linux',
  MPI_LOCALNRANKS: "processes on this machine, as MPICH's mpirun says",
  OMPI_COMM_WORLD_LOCAL_SIZE: "processes on this machine, as Open MPI's mpirun says",
  OMPI_COMM_WORLD_RANK: "which of them this process is, as Open MPI's mpirun says",
  OMPI_COMM_WORLD_SIZE: "processes that were started together, as Open MPI's mpirun says",
  PMI_RANK: "which of them this process is, as MPICH's mpirun and Slurm's PMI-2 say",
  PMI_SIZE: "processes that were started together, as MPICH's mpirun and Slurm's PMI-2 say",
  SLURM_PROCID: 'which of them this process is, as srun says',
  SLURM_STEP_NUM_TASKS: 'processes that were started together, as srun says',
  PATH: 'folders of libraries, on Windows',
} as const

/** The name of an environment variable that stands in for an option. */
export type EnvironmentVariable = keyof typeof environmentVariables

/** Values of environment variables; one that is not set, or empty, is undefined. */
export type Environment = Readonly<Partial<Record<EnvironmentVariable, string>>>

/** The value of an environment variable; undefined where it is not set or empty, and in browsers. */
export const environment = (name: EnvironmentVariable): string | undefined =>
  (globalThis as { process?: NodeJS.Process }).process?.env?.[name] || undefined

/** The values of all variables, for parts that tests hand an environment of their own. */
export const currentEnvironment = (): Environment =>
  Object.fromEntries(
    (Object.keys(environmentVariables) as EnvironmentVariable[]).map(name => [name, environment(name)]),
  )

/**
 * Run `body` with variables set as a native library is to find them when it is loaded, and then as they were before. Not
 * for what this package reads itself: that is handed on as options.
 */
export function withEnvironment<T>(variables: Readonly<Record<string, string>>, body: () => T): T {
  const env = (globalThis as { process?: NodeJS.Process }).process?.env ?? {}
  const before = Object.keys(variables).map(name => [name, env[name]] as const)
  Object.assign(env, variables)
  try {
    return body()
  } finally {
    for (const [name, value] of before)
      if (value === undefined) delete env[name]
      else env[name] = value
  }
}
