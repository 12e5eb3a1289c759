/** What a router counted, read from its metrics as Prometheus would read them. */

/** The sum of all samples of `family` whose labels contain `labels` as text. */
export const sumOf = (text: string, family: string, labels = ""): number => {
  let sum = 0
  for (const line of text.split("\n")) {
    if (!line.startsWith(`${family}{`) && !line.startsWith(`${family} `)) continue
    if (line.includes(labels)) sum += Number(line.slice(line.lastIndexOf(" ") + 1))
  }
  return sum
}

/** The text of `/metrics` on the router's admin port. */
export const metricsText = async (adminPort: number): Promise<string> => {
  const response = await fetch(`http://127.0.0.1:${adminPort}/metrics`)
  if (!response.ok) throw new Error(`the router's metrics: status ${response.status}`)
  return response.text()
}

/** Responses of all targets, and requests whose client left before theirs had ended. */
export const requestsAnswered = async (adminPort: number): Promise<number> => {
  const text = await metricsText(adminPort)
  return sumOf(text, "evenkeel_router_requests_total") + sumOf(text, "evenkeel_router_client_aborts_total")
}
