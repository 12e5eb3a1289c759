/**
 * A container spec as the engine would give it back (moby `api/types/swarm/container.go`, `daemon/cluster/convert/container.go`).
 * Decides nothing that SwarmKit checks.
 */
import { isOlder } from "./EngineIdentity.ts"
import { badRequest } from "./EngineRefusal.ts"
import { at, isRecord } from "../swarm/Json.ts"
import * as Form from "./Form.ts"

const fileTarget = Form.struct({ Name: Form.anyText, UID: Form.anyText, GID: Form.anyText, Mode: Form.number })

const secrets = Form.list(
  Form.struct({ File: Form.nullable(fileTarget), SecretID: Form.anyText, SecretName: Form.anyText })
)

const configReference = Form.struct({
  File: Form.pointer(fileTarget),
  Runtime: Form.pointer(Form.struct({})),
  ConfigID: Form.anyText,
  ConfigName: Form.anyText
})

const configs = Form.list((value, path) => {
  const isFile = isRecord(at(value, "File"))
  const isRuntime = isRecord(at(value, "Runtime"))
  if (isFile && isRuntime) throw badRequest("invalid Config: cannot specify both File and Runtime")
  if (!isFile && !isRuntime) throw badRequest("invalid Config: either File or Runtime should be set")
  return configReference(value, path)
})

const propagations = ["rprivate", "private", "rshared", "shared", "rslave", "slave"]

const bindOptions = Form.struct({
  Propagation: Form.word(propagations, (word) => `invalid MountPropagation: "${word}"`),
  NonRecursive: Form.flag
})

/** Without a propagation and without flags the engine keeps nothing of them. */
const keptBindOptions: Form.Shape = (value, path) => {
  if (!isRecord(value)) return undefined
  const isEmpty = (at(value, "Propagation") ?? "") === "" && at(value, "NonRecursive") !== true
  return isEmpty ? undefined : bindOptions(value, path)
}

const mounts = Form.list(
  Form.struct({
    Type: Form.word(["bind", "volume", "tmpfs", "npipe", "cluster"], (word) => `invalid MountType: "${word}"`),
    Source: Form.text,
    Target: Form.text,
    ReadOnly: Form.flag,
    BindOptions: keptBindOptions,
    VolumeOptions: Form.pointer(
      Form.struct({
        NoCopy: Form.flag,
        Labels: Form.map,
        Subpath: Form.text,
        DriverConfig: Form.pointer(Form.struct({ Name: Form.text, Options: Form.map }))
      })
    ),
    TmpfsOptions: Form.pointer(Form.struct({ SizeBytes: Form.integer, Mode: Form.integer }))
  })
)

const seLinux = Form.struct({
  Disable: Form.anyFlag,
  User: Form.anyText,
  Role: Form.anyText,
  Type: Form.anyText,
  Level: Form.anyText
})

const credentialSpec = Form.struct({ Config: Form.anyText, File: Form.anyText, Registry: Form.anyText })

/** Engines before API 1.44 do not know the last three. */
const privileges = (engineVersion: string) =>
  Form.struct({
    CredentialSpec: Form.nullable(credentialSpec),
    SELinuxContext: Form.nullable(seLinux),
    ...(isOlder(engineVersion, "1.44")
      ? {}
      : {
          Seccomp: Form.pointer(Form.struct({ Mode: Form.text, Profile: Form.text })),
          AppArmor: Form.pointer(Form.struct({ Mode: Form.text })),
          NoNewPrivileges: Form.anyFlag
        })
  })

const healthcheck = Form.struct({
  Test: Form.texts,
  Interval: Form.integer,
  Timeout: Form.integer,
  StartPeriod: Form.integer,
  StartInterval: Form.integer,
  Retries: Form.integer
})

/** `engineVersion`: the newest API version of the engine, which decides what it writes. */
export const containerSpec = (engineVersion: string): Form.Shape =>
  Form.struct({
    Image: Form.text,
    Labels: Form.map,
    Command: Form.texts,
    Args: Form.texts,
    Hostname: Form.text,
    Env: Form.texts,
    Dir: Form.text,
    User: Form.text,
    Groups: Form.texts,
    Privileges: Form.pointer(privileges(engineVersion)),
    Init: Form.pointer(Form.anyFlag),
    StopSignal: Form.text,
    TTY: Form.flag,
    OpenStdin: Form.flag,
    ReadOnly: Form.flag,
    Mounts: mounts,
    StopGracePeriod: Form.pointer(Form.number),
    Healthcheck: Form.pointer(healthcheck),
    Hosts: Form.texts,
    DNSConfig: Form.pointer(Form.struct({ Nameservers: Form.texts, Search: Form.texts, Options: Form.texts })),
    Secrets: secrets,
    Configs: configs,
    Isolation: Form.known(["default", "process", "hyperv"]),
    Sysctls: Form.map,
    CapabilityAdd: Form.texts,
    CapabilityDrop: Form.texts,
    Ulimits: Form.list(Form.struct({ Name: Form.text, Hard: Form.integer, Soft: Form.integer })),
    OomScoreAdj: Form.integer
  })
