import * as v from 'valibot';

const Text = v.string();

/** Schema of a server in the status file. */
export const Server = v.object({
  /** What is served there, such as `health and metrics`. */
  what: Text,
  zh: v.exactOptional(v.object({ what: Text })),
  /** The variable or key that sets the address. */
  setting: Text,
  address: Text,
  /** Why it does not listen, and since when (epoch seconds); absent while it does. */
  problem: v.exactOptional(
    v.object({
      code: Text,
      message: Text,
      advice: Text,
      zh: v.exactOptional(v.object({ message: Text, advice: Text })),
      since: v.pipe(v.number(), v.minValue(0), v.maxValue(8.64e12)),
    }),
  ),
});

/** A server of the daemon, and what keeps it from listening. */
export type ServerStatus = v.InferOutput<typeof Server>;
