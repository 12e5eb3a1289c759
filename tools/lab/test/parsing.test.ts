import { describe, expect, it } from "vitest"
import { parseLdd } from "../src/BaseImage.ts"
import { mountsBelow } from "../src/Cleanup.ts"
import { hierarchies } from "../src/ControlGroups.ts"
import { daemonConfig } from "../src/Engine.ts"
import { fromEnvironment } from "../src/LabSite.ts"
import * as LabSpec from "../src/LabSpec.ts"
import { filters } from "../src/Network.ts"
import { searchPath } from "../src/Shell.ts"

describe("parseLdd", () => {
  it("takes libraries and the loader, and leaves out what has no file", () => {
    const output = [
      "\tlinux-vdso.so.1 (0x00007f342cf27000)",
      "\tlibstdc++.so.6 => /lib/x86_64-linux-gnu/libstdc++.so.6 (0x00007f342cc00000)",
      "\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f342c9fe000)",
      "\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f342c9fe000)",
      "\t/lib64/ld-linux-x86-64.so.2 (0x00007f342cf29000)",
      ""
    ].join("\n")
    expect(parseLdd(output)).toEqual({
      files: ["/lib/x86_64-linux-gnu/libstdc++.so.6", "/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2"],
      missing: []
    })
  })

  it("names what is not found", () => {
    expect(parseLdd("\tlibatomic.so.1 => not found\n")).toEqual({ files: [], missing: ["libatomic.so.1"] })
  })
})

describe("mounts", () => {
  it("finds those below a folder, deepest first, and no neighbour's", () => {
    const mounts = [
      "tmpfs /lab tmpfs rw 0 0",
      "overlay /lab/n1/data overlay rw 0 0",
      "overlay /lab/n1/data/a\\040b overlay rw 0 0",
      "tmpfs /laboratory/x tmpfs rw 0 0"
    ].join("\n")
    expect(mountsBelow(mounts, "/lab")).toEqual(["/lab/n1/data/a b", "/lab/n1/data"])
  })

  it("finds the hierarchies of control groups of both versions", () => {
    const mounts = [
      "proc /proc proc rw 0 0",
      "cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0",
      "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0"
    ].join("\n")
    expect(hierarchies(mounts)).toEqual(["/sys/fs/cgroup/memory", "/sys/fs/cgroup/unified"])
  })
})

describe("firewall", () => {
  const open = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\nCOMMIT\n"

  it("needs no rule where everything is accepted", () => {
    expect([filters(open, "FORWARD"), filters("", "INPUT")]).toEqual([false, false])
  })

  it("needs one where a policy drops or a rule stands", () => {
    expect(filters(open.replace("FORWARD ACCEPT", "FORWARD DROP"), "FORWARD")).toBe(true)
    const ruled = open.replace("COMMIT", "-A INPUT -j REJECT\nCOMMIT")
    expect([filters(ruled, "INPUT"), filters(ruled, "FORWARD")]).toEqual([true, false])
  })
})

describe("engine configuration", () => {
  it("gives every node its own sockets, storage and control groups, and loses /run at a reboot", () => {
    const config = daemonConfig(LabSpec.nodePlan(2), LabSpec.nodePaths("/lab", "n2"), "overlay2", "evenkeel-lab")
    expect(config).toMatchObject({
      hosts: ["unix:///run/docker.sock", "unix:///lab/n2/docker.sock"],
      "data-root": "/lab/n2/data",
      "cgroup-parent": "/evenkeel-lab/n2",
      "insecure-registries": ["10.77.0.1:5000"],
      "live-restore": false
    })
    expect([config["exec-root"], config["pidfile"]].every((path) => String(path).startsWith("/run/"))).toBe(true)
  })
})

describe("environment", () => {
  it("names the state directory and the docker command; empty values count as unset", () => {
    expect(fromEnvironment({}).stateDir).toBe("/var/lib/evenkeel-lab")
    expect(fromEnvironment({ EVENKEEL_LAB_DIR: "", EVENKEEL_LAB_DOCKER: "" })).toEqual(fromEnvironment({}))
    expect(fromEnvironment({ EVENKEEL_LAB_DIR: "/a/../b", EVENKEEL_LAB_DOCKER: "/usr/bin/docker" })).toMatchObject({
      ...{ stateDir: "/b", dockerCommand: "/usr/bin/docker" }
    })
  })

  it("appends the system's folders to the search path, none twice", () => {
    expect(searchPath("/mine:/usr/bin")).toBe("/mine:/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin:/bin")
    expect(searchPath("").startsWith("/usr/local/sbin")).toBe(true)
  })
})
