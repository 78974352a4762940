/**
 * Does something that must not be left half known: a Ctrl-C meanwhile is held back and told afterwards. A second
 * one ends the process as usual, so a server that hangs keeps nobody.
 */
export async function holdingInterrupt<T>(
  work: () => Promise<T>,
): Promise<{ readonly value: T; readonly interrupted: boolean }> {
  let interrupted = false;
  const onSigint = () => {
    interrupted = true;
  };
  process.once("SIGINT", onSigint);
  try {
    return { value: await work(), interrupted };
  } finally {
    process.off("SIGINT", onSigint);
  }
}
