import { type EnvironmentVariable, environment } from '../../environment.js'
import { nodeModule, nodeProcess } from '../../shared/node.js'

/** Where systems keep their BLAS libraries. Nothing is loaded to find out. */

/** Names under which libraries are looked for, the preferred ones first. */
const fileNames: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  linux: [
    'libopenblas.so.0',
    'libopenblas.so',
    'libmkl_rt.so.2',
    'libmkl_rt.so',
    'libblis.so.4',
    'libblis.so',
  ],
  darwin: ['Accelerate.framework', 'libopenblas.dylib', 'libblis.dylib'],
  win32: ['libopenblas.dll', 'openblas.dll', 'mkl_rt.2.dll', 'libblis.dll'],
}

/** Debian's names of processors. */
const multiarch: Partial<Record<NodeJS.Architecture, string>> = {
  x64: 'x86_64-linux-gnu',
  arm64: 'aarch64-linux-gnu',
  arm: 'arm-linux-gnueabihf',
  ppc64: 'powerpc64le-linux-gnu',
  riscv64: 'riscv64-linux-gnu',
  s390x: 's390x-linux-gnu',
}

/** What is looked for on this system; nothing in a browser. */
export function blasFileNames(): readonly string[] {
  const process = nodeProcess()
  return (process && fileNames[process.platform]) ?? []
}

/** Folders in which this system keeps libraries, those that the environment names first; none in a browser. */
function libraryFolders(): string[] {
  const process = nodeProcess()
  if (!process) return []
  const { platform, arch } = process
  const listed = (variable: EnvironmentVariable, separator: string) =>
    environment(variable)?.split(separator) ?? []
  const conda = environment('CONDA_PREFIX')
  const inConda = (folder: string) => (conda === undefined ? [] : [`${conda}/${folder}`])
  switch (platform) {
    case 'win32':
      return [...listed('PATH', ';'), ...inConda('Library/bin')]
    case 'darwin':
      return [
        ...listed('DYLD_LIBRARY_PATH', ':'),
        ...inConda('lib'),
        '/System/Library/Frameworks',
        '/opt/homebrew/opt/openblas/lib',
        '/usr/local/opt/openblas/lib',
        '/usr/local/lib',
      ]
    default:
      return [
        ...listed('LD_LIBRARY_PATH', ':'),
        ...inConda('lib'),
        '/usr/local/lib',
        ...(multiarch[arch] === undefined ? [] : [`/usr/lib/${multiarch[arch]}`]),
        '/usr/lib64',
        '/usr/lib',
        '/opt/intel/oneapi/mkl/latest/lib',
      ]
  }
}

/** The first library that is there, by preference and then by folder. */
export function findBlasFile(folders: readonly string[] = libraryFolders()): string | undefined {
  const paths = blasFileNames().flatMap(name => folders.filter(Boolean).map(folder => `${folder}/${name}`))
  const first = paths.find(path => nodeModule('node:fs')?.existsSync(path))
  // A framework's library has its name, and is in the system's cache rather than on disk.
  return first?.replace(/\/(\w+)\.framework$/, '/$1.framework/$1')
}
