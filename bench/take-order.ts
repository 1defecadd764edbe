/** In a child process: waits for the order of `Children.run`, carries it out and sends back what came of it. */
export function takeOrder<Order extends object, Result extends object>(work: (order: Order) => Promise<Result>): void {
  process.channel!.ref() // stop-with-parent.mjs lets go of it
  process.once('message', (order: Order) => {
    void work(order).then((result) => process.send!(result))
  })
}
