// Makes shell commands of the script sections of processes: JSON in, [{ script, bindings }, …]; JSON out, a list of texts.
import groovy.json.JsonOutput
import groovy.json.JsonSlurper

def jobs = new JsonSlurper().parse(System.in)
println JsonOutput.toJson(jobs.collect { new GroovyShell(new Binding(it.bindings)).evaluate(it.script).toString() })
