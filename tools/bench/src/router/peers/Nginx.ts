/** nginx as proxy: one worker, keep-alive to the backends, access log off as the router's is by default. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { Missing } from "../../Children.ts"
import { peerOf, type Setting, type StartPeer, versionOf } from "../Peer.ts"
import { descriptors, hasCommand } from "../Pinned.ts"

const servers = (origins: ReadonlyArray<{ readonly host: string; readonly port: number }>): string =>
  origins.map(({ host, port }) => `server ${host}:${port};`).join(" ")

/** More than there can be: with a sixteenth left it closes connections whose request has not come yet. */
const connections = 2 * descriptors

const config = ({ backend, folder, port }: Setting) => `
daemon off;
${process.getuid?.() === 0 ? "user root;" : ""}
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/nginx-error.log warn;
worker_rlimit_nofile ${descriptors};
events { worker_connections ${connections}; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_max_body_size 0;
  client_body_temp_path ${folder}/nginx-body;
  proxy_temp_path ${folder}/nginx-proxy;
  upstream main { ${servers(backend.http)} keepalive 256; keepalive_requests 1000000000; }
  upstream echo { ${servers(backend.echo)} keepalive 256; }
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  server {
    listen 127.0.0.1:${port} backlog=8192;
    proxy_http_version 1.1;
    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    location / { proxy_set_header Connection ""; proxy_pass http://main; }
    location /echo {
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_request_buffering off;
      proxy_read_timeout 1h;
      proxy_pass http://echo;
    }
  }
}
`

export const startNginx: StartPeer = async (setting) => {
  if (!hasCommand("nginx")) throw new Missing("nginx is not installed (apt-get install nginx)")
  const file = join(setting.folder, "nginx.conf")
  writeFileSync(file, config(setting))
  return peerOf("nginx", versionOf("nginx", ["-v"]), setting, { command: "nginx", args: ["-c", file] })
}
