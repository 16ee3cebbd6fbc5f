process XENOGRAD_TUNE {
    tag "${meta.id}"
    label 'process_medium'

    conda "${moduleDir}/environment.yml"
    container 'xenograd:0.1.0'

    input:
    tuple val(meta), val(flags), val(shard)
    path runs, stageAs: 'tune/*'

    output:
    tuple val(meta), path('tune/hidden*', type: 'dir'), emit: runs, optional: true
    tuple val(meta), path('tune/tune.tsv'), emit: table, optional: true
    tuple val(meta), path('tune/tune.json'), emit: json, optional: true
    tuple val("${task.process}"), val('xenograd'), eval("xenograd --version | sed 's/ .*//'"), emit: versions_xenograd, topic: versions

    when:
    task.ext.when == null || task.ext.when

    script:
    def args = task.ext.args ?: ''
    def part = shard ? "--shard ${shard}" : ''
    """
    xenograd tune \\
        ${flags} \\
        ${part} \\
        ${args} \\
        --processes 1 \\
        --threads ${task.cpus} \\
        --out-dir tune
    """

    stub:
    """
    mkdir -p tune/hidden4_mutations0_l20
    touch tune/tune.tsv tune/tune.json
    """
}
