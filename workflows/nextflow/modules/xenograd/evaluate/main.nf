process XENOGRAD_EVALUATE {
    tag "${meta.id}"
    label 'process_single'

    conda "${moduleDir}/environment.yml"
    container 'xenograd:0.1.0'

    input:
    tuple val(meta), path(known, stageAs: 'in/*')
    path unknown, stageAs: 'ood/*'

    output:
    tuple val(meta), path("${prefix}.tsv"), emit: table
    tuple val(meta), path("${prefix}.md"), emit: markdown
    tuple val(meta), path("${prefix}.html"), emit: html
    tuple val("${task.process}"), val('xenograd'), eval("xenograd --version | sed 's/ .*//'"), emit: versions_xenograd, topic: versions

    when:
    task.ext.when == null || task.ext.when

    script:
    def args = task.ext.args ?: ''
    prefix = task.ext.prefix ?: "${meta.id}"
    """
    xenograd evaluate \\
        --in-scores ${known} \\
        --ood-scores ${unknown} \\
        ${args} \\
        --table ${prefix}.tsv \\
        --markdown ${prefix}.md \\
        --html ${prefix}.html
    """

    stub:
    prefix = task.ext.prefix ?: "${meta.id}"
    """
    touch ${prefix}.tsv ${prefix}.md ${prefix}.html
    """
}
