/**
 * Sums over processes: what a training that is spread over several machines needs of a network. `launcher` says whether
 * a launcher has started this process as one of several; `mpi` joins them, through a library that `mpiLibrary` loads;
 * `processGroup` is what is asked of it (sums of the host's numbers, and of these, texts), and `collective` sums what
 * lies in a device's memory: with `pairs` where devices do so by themselves (HCCL), else by way of the host.
 */
export { allReduce, type Collective, collectiveOf } from './collective.js'
export { type Launch, launchOf } from './launcher.js'
export { joinMpi } from './mpi.js'
export { gatherTexts, type ProcessGroup, type Summable } from './processGroup.js'
