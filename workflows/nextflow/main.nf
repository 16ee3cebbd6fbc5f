#!/usr/bin/env nextflow

// Scores sets of reads in shards, puts the tables together, evaluates them, and trains the grid of `xenograd tune`.

include { XENOGRAD_EVALUATE } from './modules/xenograd/evaluate/main'
include { XENOGRAD_SCORE    } from './modules/xenograd/score/main'
include { XENOGRAD_TUNE as XENOGRAD_TUNE_SHARD } from './modules/xenograd/tune/main'
include { XENOGRAD_TUNE as XENOGRAD_TUNE_TABLE } from './modules/xenograd/tune/main'
include { CONCATENATE       } from './modules/local/concatenate'

// The files of patterns with commas between them.
def filesOf(patterns) {
    patterns.tokenize(',').collect { pattern -> files(pattern, checkIfExists: true) }.flatten()
}

// Tables of sets of reads, each scored in shards.
workflow SCORE {
    take:
    sets        // channel: [ val(meta), [ path(reads) ] ]
    foreground  // path, or [] for the detector that comes with the package
    background  // path, or []
    count       // number of shards

    main:
    parts = sets
        .combine(channel.of(1..count))
        .map { meta, reads, shard -> [meta, reads, "${shard}/${count}".toString()] }
    XENOGRAD_SCORE(parts, foreground, background)

    // Shards end in any order; their tables go together in that of the reads.
    tables = XENOGRAD_SCORE.out.table
        .groupTuple(size: count)
        .map { meta, shards, parts_of_table ->
            def order = [shards, parts_of_table].transpose().sort { it[0].tokenize('/')[0].toInteger() }
            [meta, order.collect { it[1] }]
        }
    CONCATENATE(tables)

    emit:
    table = CONCATENATE.out.table  // channel: [ val(meta), path(tsv) ]
}

// A grid of models, trained in shards, and its table.
workflow TUNE {
    take:
    flags  // flags of xenograd tune
    count  // number of shards

    main:
    XENOGRAD_TUNE_SHARD(
        channel.of(1..count).map { shard -> [[id: "tune${shard}"], flags, "${shard}/${count}".toString()] },
        [],
    )
    XENOGRAD_TUNE_TABLE(
        channel.value([[id: 'tune'], flags, []]),
        XENOGRAD_TUNE_SHARD.out.runs.map { _meta, runs -> runs }.collect(),
    )

    emit:
    table = XENOGRAD_TUNE_TABLE.out.table  // channel: [ val(meta), path(tsv) ]
}

workflow {
    main:
    def foreground = params.foreground ? file(params.foreground, checkIfExists: true) : []
    def background = params.background ? file(params.background, checkIfExists: true) : []
    // A set without files is left out.
    sets = channel.of(['in', params.known], ['ood', params.unknown])
        .filter { _id, patterns -> patterns }
        .map { id, patterns -> [[id: id], filesOf(patterns)] }

    SCORE(sets, foreground, background, params.shards as Integer)

    if (params.known && params.unknown) {
        known = SCORE.out.table.filter { meta, _table -> meta.id == 'in' }
        unknown = SCORE.out.table.filter { meta, _table -> meta.id == 'ood' }.map { _meta, table -> table }
        XENOGRAD_EVALUATE(known.map { _meta, table -> [[id: 'evaluation'], table] }, unknown)
    }
    if (params.tune) {
        TUNE(params.tune, params.tune_shards as Integer)
    }
}
