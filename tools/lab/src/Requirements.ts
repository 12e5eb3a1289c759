/**
 * What the machine must offer before a lab can run on it, and how to get what is missing.
 *
 * Kernel features are tried in throwaway namespaces rather than guessed from a configuration file; trying also makes
 * the kernel load a module that can be loaded. Every missing item is reported at once. Changes nothing on the machine.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { LabSite } from "./LabSite.ts"
import { run, searchPath } from "./Shell.ts"
import { accessSync, constants, statSync } from "node:fs"

/** One thing the machine lacks, and its cure. */
export class MissingRequirement extends Schema.Class<MissingRequirement>("MissingRequirement")({
  what: Schema.String,
  why: Schema.String,
  cure: Schema.String
}) {}

/** The machine cannot run a lab; `missing` names everything it lacks. */
export class LabRequirementsMissing extends Schema.TaggedError<LabRequirementsMissing>()("LabRequirementsMissing", {
  missing: Schema.Array(MissingRequirement)
}) {
  override get message(): string {
    return report(this.missing)
  }
}

interface CommandRequirement {
  readonly command: string
  readonly debianPackage: string
  readonly why: string
}

/** Programs the lab calls, with the Debian packages that bring them. */
export const commands = (dockerCommand: string): ReadonlyArray<CommandRequirement> => [
  { command: "dockerd", debianPackage: "docker.io", why: "one engine runs per node" },
  { command: "containerd", debianPackage: "containerd", why: "each engine starts one of its own" },
  { command: "containerd-shim-runc-v2", debianPackage: "containerd", why: "it holds the containers" },
  { command: "runc", debianPackage: "runc", why: "it starts the containers" },
  { command: dockerCommand, debianPackage: "docker.io", why: "the Swarm is set up by it and images are built by it" },
  { command: "docker-registry", debianPackage: "docker-registry", why: "the nodes pull the product's images from it" },
  { command: "ip", debianPackage: "iproute2", why: "bridge, links and network namespaces are made by it" },
  { command: "iptables", debianPackage: "iptables", why: "the engines set up their networks by it" },
  { command: "nsenter", debianPackage: "util-linux", why: "nodes are entered by it" },
  { command: "unshare", debianPackage: "util-linux", why: "nodes get their namespaces by it" },
  { command: "mount", debianPackage: "mount", why: "each node has a /run of its own" },
  { command: "tar", debianPackage: "tar", why: "the base image is packed by it" },
  { command: "ldd", debianPackage: "libc-bin", why: "it names the libraries of the Node binary" }
]

interface KernelRequirement {
  readonly what: string
  readonly why: string
  readonly cure: string
  readonly trial: readonly [string, ...ReadonlyArray<string>]
}

const kernelCure = (option: string, module: string): string =>
  `\`modprobe ${module}\`, or a kernel with ${option}; inside a container, start that container with --privileged`

/** Kernel features with the command that tries each. */
export const kernelFeatures: ReadonlyArray<KernelRequirement> = [
  {
    what: "network namespaces",
    why: "every node has one",
    cure: "a kernel with CONFIG_NET_NS and the right to use it (root, CAP_SYS_ADMIN)",
    trial: ["unshare", "--net", "true"]
  },
  {
    what: "PID, mount and UTS namespaces",
    why: "a node crashes by the end of its PID namespace, and has its own /run and host name",
    cure: "a kernel with CONFIG_PID_NS and CONFIG_UTS_NS; inside a container, start that container with --privileged",
    trial: ["unshare", "--mount", "--uts", "--pid", "--fork", "--mount-proc", "true"]
  },
  {
    what: "bridge links",
    why: "the nodes are plugged into one, containers into others",
    cure: kernelCure("CONFIG_BRIDGE", "bridge"),
    trial: ["unshare", "--net", "ip", "link", "add", "ek-try", "type", "bridge"]
  },
  {
    what: "veth links",
    why: "they are the nodes' cables",
    cure: kernelCure("CONFIG_VETH", "veth"),
    trial: ["unshare", "--net", "ip", "link", "add", "ek-try", "type", "veth", "peer", "name", "ek-try2"]
  },
  {
    what: "VXLAN links",
    why: "Swarm's overlay networks are made of them",
    cure: kernelCure("CONFIG_VXLAN", "vxlan"),
    trial: ["unshare", "--net", "ip", "link", "add", "ek-try", "type", "vxlan", "id", "4097", "dstport", "4789"]
  },
  {
    what: "netfilter NAT",
    why: "host-mode ports are made of it",
    cure: `${kernelCure("CONFIG_NF_NAT and CONFIG_NETFILTER_XT_TARGET_MASQUERADE", "nf_nat")}; or \`update-alternatives --set iptables /usr/sbin/iptables-legacy\``,
    trial: ["unshare", "--net", "iptables", "-t", "nat", "-A", "POSTROUTING", "-j", "MASQUERADE"]
  },
  {
    what: "the overlay file system",
    why: "images are mounted by it",
    cure: kernelCure("CONFIG_OVERLAY_FS", "overlay"),
    trial: [
      "unshare",
      "--mount",
      "sh",
      "-c",
      "mount -t tmpfs tmpfs /mnt && cd /mnt && mkdir l u w m && mount -t overlay -o lowerdir=l,upperdir=u,workdir=w overlay m"
    ]
  },
  {
    what: "mounted control groups",
    why: "containers run in them",
    cure: "mount cgroup2 on /sys/fs/cgroup: `mount -t cgroup2 cgroup2 /sys/fs/cgroup`",
    trial: ["grep", "-qE", "^[^ ]+ /sys/fs/cgroup[^ ]* cgroup2? ", "/proc/mounts"]
  }
]

/** The report of everything that is missing, with one `apt-get` line for all packages. */
export const report = (missing: ReadonlyArray<MissingRequirement>): string => {
  const items = missing.map(({ what, why, cure }) => `  - ${what}: ${why}. Cure: ${cure}`)
  const packages = new Set(missing.flatMap(({ cure }) => /^apt-get install (\S+)$/.exec(cure)?.[1] ?? []))
  const together =
    packages.size > 1 ? [`All packages at once: apt-get update && apt-get install ${[...packages].join(" ")}`] : []
  return ["The lab needs what this machine lacks:", ...items, ...together].join("\n")
}

/** Whether an executable of that name is on the search path; a name with a slash is taken as a path. */
const isExecutable = (command: string): boolean =>
  (command.includes("/")
    ? [command]
    : searchPath()
        .split(":")
        .map((folder) => `${folder}/${command}`)
  ).some((path) => {
    try {
      accessSync(path, constants.X_OK)
      return statSync(path).isFile()
    } catch {
      return false
    }
  })

/**
 * Fails with everything the machine lacks. Where the caller is not root on Linux nothing further is tried, because
 * every trial would fail for that reason alone; missing programs are named nonetheless.
 */
export const checkRequirements: Effect.Effect<void, LabRequirementsMissing, LabSite> = Effect.gen(function* () {
  const { dockerCommand } = yield* LabSite
  const missing: Array<MissingRequirement> = []
  if (process.platform !== "linux") {
    const what = `Linux (this is ${process.platform})`
    const why = "the nodes are made of Linux namespaces"
    missing.push(new MissingRequirement({ what, why, cure: "run the lab on a Linux machine or virtual machine" }))
    return yield* new LabRequirementsMissing({ missing })
  }
  const isRoot = process.getuid?.() === 0
  if (!isRoot) {
    const why = "namespaces, links and engines need it"
    missing.push(
      new MissingRequirement({ what: "root", why, cure: 'run the same command by `sudo env "PATH=$PATH" …`' })
    )
  }
  const absent = commands(dockerCommand).filter(({ command }) => !isExecutable(command))
  missing.push(
    ...absent.map(
      ({ command, debianPackage, why }) =>
        new MissingRequirement({ what: `the program ${command}`, why, cure: `apt-get install ${debianPackage}` })
    )
  )
  if (isRoot) {
    const absentNames = new Set(absent.map(({ command }) => command))
    const tried = yield* Effect.forEach(
      kernelFeatures.filter(({ trial }) => !trial.some((word) => absentNames.has(word))),
      ({ what, why, cure, trial: [command, ...args] }) =>
        run(command, args).pipe(
          Effect.as([]),
          Effect.catchAll((failure) => {
            const reason = failure.stderr.trim().split("\n")[0] ?? ""
            return Effect.succeed([
              new MissingRequirement({ what, why: `${why} (tried: ${reason || "refused"})`, cure })
            ])
          })
        ),
      { concurrency: 4 }
    )
    missing.push(...tried.flat())
  }
  if (missing.length > 0) return yield* new LabRequirementsMissing({ missing })
})
