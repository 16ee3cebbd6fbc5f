process XENOGRAD_SCORE {
    tag "${meta.id} ${shard ?: ''}"
    label 'process_medium'

    conda "${moduleDir}/environment.yml"
    container 'xenograd:0.1.0'

    input:
    tuple val(meta), path(reads), val(shard)
    path foreground, stageAs: 'foreground/*'
    path background, stageAs: 'background/*'

    output:
    tuple val(meta), val(shard), path("${prefix}.tsv"), emit: table
    tuple val("${task.process}"), val('xenograd'), eval("xenograd --version | sed 's/ .*//'"), emit: versions_xenograd, topic: versions

    when:
    task.ext.when == null || task.ext.when

    script:
    def args = task.ext.args ?: ''
    def models = (foreground ? "--foreground ${foreground}" : '') + (background ? " --background ${background}" : '')
    def part = shard ? "--shard ${shard}" : ''
    prefix = task.ext.prefix ?: (shard ? "${meta.id}.${shard.replace('/', '-of-')}" : "${meta.id}")
    """
    xenograd score \\
        ${models} \\
        ${part} \\
        --threads ${task.cpus} \\
        ${args} \\
        --output ${prefix}.tsv \\
        ${reads}
    """

    stub:
    prefix = task.ext.prefix ?: (shard ? "${meta.id}.${shard.replace('/', '-of-')}" : "${meta.id}")
    """
    touch ${prefix}.tsv
    """
}
