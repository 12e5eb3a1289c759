/** Where the command begins: the compile cache must be there before what it is for is loaded. */
import * as CompileCache from "./CompileCache.ts"

CompileCache.enable()
// What dependencies should no longer call is nothing that an operator can mend.
process.noDeprecation ??= true
await import("./Process.ts")
