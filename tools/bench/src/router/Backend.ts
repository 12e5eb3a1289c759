/**
 * The backends that every proxy is measured against: nginx with files on two addresses for most, and for paths
 * below `/echo` a server that echoes WebSocket messages and swallows uploads. All on the core of the load.
 */
import { createReadStream, mkdirSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { freePorts } from "../Children.ts"
import { type Child, descriptors, start } from "./Pinned.ts"

export interface Backend {
  /** Two origins of HTTP: address and port. */
  readonly http: ReadonlyArray<{ readonly host: string; readonly port: number }>
  /** Two origins for `/echo` and below. */
  readonly echo: ReadonlyArray<{ readonly host: string; readonly port: number }>
  /** Has the system hold `/1g` in memory: the first to ask for it must not pay for that. */
  readHuge(): Promise<void>
  stop(): Promise<void>
}

/** Files served, by path, with their length in bytes; `/1g` is too long to hold in memory. */
export const bodies = { "/100": 100, "/10k": 10_240, "/1m": 1_048_576 } as const
export const hugeBytes = 1 << 30

/** What stands at `path`: bytes that differ from place to place, so that a piece left out or doubled shows. */
export const bodyAt = (path: keyof typeof bodies): Buffer => {
  const body = Buffer.alloc(bodies[path])
  for (let i = 0; i < body.length; i++) body[i] = 33 + ((i * 31 + (i >> 8)) % 90)
  return body
}

const nginxConfig = (folder: string, port: number) => `
daemon off;
${process.getuid?.() === 0 ? "user root;" : ""}
master_process off;
pid ${folder}/backend.pid;
error_log ${folder}/backend-error.log warn;
worker_rlimit_nofile ${descriptors};
events { worker_connections ${descriptors}; }
http {
  access_log off;
  sendfile on;
  keepalive_requests 1000000000;
  keepalive_timeout 300s;
  client_max_body_size 0;
  client_body_temp_path ${folder}/backend-body;
  default_type application/octet-stream;
  open_file_cache max=16;
  server {
    listen 127.0.0.1:${port} backlog=8192;
    listen 127.0.0.2:${port} backlog=8192;
    root ${folder}/files;
    location = /post { return 200 "taken\\n"; }
  }
}
`

export const startBackend = async (folder: string, core: number): Promise<Backend> => {
  const files = join(folder, "files")
  mkdirSync(files, { recursive: true })
  for (const path of Object.keys(bodies) as Array<keyof typeof bodies>) writeFileSync(join(files, path), bodyAt(path))
  writeFileSync(join(files, "1g"), "")
  truncateSync(join(files, "1g"), hugeBytes)
  const [port = 0, echoPort = 0] = await freePorts(2)
  writeFileSync(join(folder, "backend.conf"), nginxConfig(folder, port))
  const children: Array<Child> = [
    await start({
      name: "nginx as backend",
      command: "nginx",
      args: ["-c", join(folder, "backend.conf")],
      core,
      log: join(folder, "backend.log"),
      port
    }),
    await start({
      name: "echo backend",
      command: process.execPath,
      args: [join(import.meta.dirname, "EchoProgram.ts"), String(echoPort)],
      core,
      log: join(folder, "echo.log"),
      port: echoPort
    })
  ]
  return {
    http: [
      { host: "127.0.0.1", port },
      { host: "127.0.0.2", port }
    ],
    echo: [
      { host: "127.0.0.1", port: echoPort },
      { host: "127.0.0.2", port: echoPort }
    ],
    readHuge: async () => {
      for await (const piece of createReadStream(join(files, "1g"), { highWaterMark: 1 << 20 })) void piece
    },
    stop: async () => {
      for (const child of children) await child.stop()
    }
  }
}
