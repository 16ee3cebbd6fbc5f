/**
 * Training in shards, by one process or by several. `shards` says which rows of a batch are whose; `shardedStep` is the
 * graph of a step in parts: what a shard contributes, sums of two, and the update by the sum of all. A `stepper` advances
 * a run by a batch: at once, or as `shardedStepper`, which walks the tree of sums; the processes are a `team` with a
 * leader, over a group of the engine's `collective`.
 */
export { ShardedStepper } from './shardedStepper.js'
export { usualShards } from './shards.js'
export { type Stepper, wholeBatches } from './stepper.js'
export { DisagreementError, type Fact, Team } from './team.js'
