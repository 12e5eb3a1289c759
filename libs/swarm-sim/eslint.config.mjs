import workspace, { timeFromClock } from "../../eslint.config.mjs"

export default [...workspace, timeFromClock]
