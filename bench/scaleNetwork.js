// Processes under Open MPI's launcher, on this machine: through shared memory, or each in a network namespace of its own,
// joined by a bridge over links of a given speed (iproute2, as root).
import { execFileSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const address = host => `10.77.0.${host + 1}`
const space = host => `xenograd${host}`

const ip = command => execFileSync('ip', command.split(' '), { stdio: ['ignore', 'pipe', 'pipe'] })

/** The command before that of each of `count` processes that share memory. */
export const sharedMemory = count => ({
  launcher: ['mpirun.openmpi', '--oversubscribe', '--mca', 'mpi_yield_when_idle', '1', '-n', String(count)],
  close() {},
})

/**
 * Hosts in namespaces, each of whose links sends at most `gigabits` a second (token bucket). The kernel here has no module
 * that delays packets, so latency is that of the kernel's own work.
 * @throws Error where namespaces cannot be made.
 */
export function emulatedNetwork(folder, count, gigabits) {
  const hosts = Array.from({ length: count }, (_, host) => host)
  const close = () => {
    for (const host of [...hosts, 'switch'])
      try {
        ip(`netns del ${space(host)}`)
      } catch {} // it was not made
  }
  close()
  try {
    ip(`netns add ${space('switch')}`)
    ip(`-n ${space('switch')} link add bridge type bridge`)
    ip(`-n ${space('switch')} link set bridge up`)
    for (const host of hosts) {
      ip(`netns add ${space(host)}`)
      ip(`link add eth0 netns ${space(host)} type veth peer name port${host} netns ${space('switch')}`)
      ip(`-n ${space('switch')} link set port${host} master bridge up`)
      ip(`-n ${space(host)} addr add ${address(host)}/24 dev eth0`)
      ip(`-n ${space(host)} link set eth0 up`)
      ip(`-n ${space(host)} link set lo up`)
      // A burst is what may be sent at once, of packets that the kernel makes as large as 64 kB.
      const burst = Math.max(128, 32 * gigabits)
      ip(
        `netns exec ${space(host)} tc qdisc add dev eth0 root tbf rate ${gigabits}gbit burst ${burst}k latency 50ms`,
      )
    }
  } catch (error) {
    close()
    throw error
  }
  // Instead of ssh: the host's address is the first argument that is no option. Open MPI tells hosts apart by their names.
  const agent = join(folder, 'agent.sh')
  const enter =
    'exec ip netns exec "xenograd$n" unshare --uts sh -c \'hostname "$1"; shift; exec sh -c "$*"\' sh "host$n" "$@"'
  writeFileSync(
    agent,
    `#!/bin/sh\nwhile [ "\${1#-}" != "$1" ]; do shift; done\nn=$(( \${1##*.} - 1 )); shift\n${enter}\n`,
  )
  chmodSync(agent, 0o755)
  const options = {
    plm_rsh_agent: agent,
    ...{ pml: 'ob1', btl: 'tcp,self', btl_tcp_if_include: 'eth0', oob_tcp_if_include: 'eth0' },
    mpi_yield_when_idle: '1',
  }
  return {
    launcher: [
      ...['ip', 'netns', 'exec', space(0), 'unshare', '--uts', 'sh', '-c', 'hostname host0; exec "$@"', 'sh'],
      ...['mpirun.openmpi', '--host', hosts.map(address).join(','), '-n', String(count)],
      ...Object.entries(options).flatMap(([name, value]) => ['--mca', name, value]),
    ],
    close,
  }
}
