// The table of a set from those of its shards; the first one has the header.
process CONCATENATE {
    tag "${meta.id}"
    label 'process_single'

    input:
    tuple val(meta), path(tables, stageAs: '?/*')

    output:
    tuple val(meta), path("${meta.id}.tsv"), emit: table

    script:
    """
    cat ${tables} > ${meta.id}.tsv
    """

    stub:
    """
    touch ${meta.id}.tsv
    """
}
