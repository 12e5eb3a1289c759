/**
 * Work that can be set aside wherever it yields and gone on with later: so a process that has others to answer can do so in the
 * middle of a long plan. How long to go on at a time is for whoever runs it to say.
 */
export type Pausable<A> = Generator<undefined, A, undefined>

/** For those who have nothing else to do meanwhile. */
export const toEnd = <A>(work: Pausable<A>): A => {
  for (;;) {
    const { done, value } = work.next()
    if (done === true) return value
  }
}
