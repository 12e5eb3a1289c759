/** `evenkeel drill`: takes a node out of service and back while it sends requests, and tells what they came to. */
import * as CommonOptions from "../CommonOptions.ts"
import * as Parameter from "../grammar/Parameter.ts"
import * as Leaf from "../Leaf.ts"
import { roundTrip } from "./node/OutOfService.ts"

export const options = () => ({
  node: CommonOptions.node(),
  url: Parameter.options(
    "url",
    "url",
    "What is asked for, with GET; several in turn. An answer with status 200 to 399 is good."
  ),
  header: Parameter.options("header", "name: value", "Sent with each request, such as 'Host: vvm'; several."),
  rate: CommonOptions.number(
    "rate",
    20,
    (value) => value > 0 && value <= 1_000,
    "a number above 0, 1000 at most",
    "Requests a second, each on a connection of its own. Default: 20."
  ),
  requestTimeout: CommonOptions.duration(
    "request-timeout",
    10_000,
    "A request without its whole answer by then has failed. Default: 10s."
  ),
  hold: CommonOptions.duration(
    "hold",
    5_000,
    "How long to watch before, while the node is out of service, and at the end. Default: 5s."
  ),
  now: Parameter.flag("now", "Drain it as Swarm does: all its tasks stop at once, without being moved before."),
  yes: CommonOptions.yes(),
  ...roundTrip(),
  ...CommonOptions.engine(),
  ...CommonOptions.output()
})

export const command = Leaf.make({
  path: ["drill"],
  about: "Takes a node out of service and back while it sends requests, and tells how many failed.",
  examples: [
    ["evenkeel drill n3 --url http://n1:8080/ --header 'Host: web'", "says what it will do, asks, does it, tells"],
    ["evenkeel drill n3 --url https://shop.example/ --now", "as if n3 were drained without being emptied first"],
    ["evenkeel drill n3 --url https://shop.example/ --yes --json", "for programs; exit code 7 when requests failed"]
  ],
  options,
  load: () => import("../actions/Drill.ts")
})
