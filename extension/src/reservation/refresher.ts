/**
 * Runs `work` for a key now, or once more after the run that is under way: however many ask meanwhile, the last
 * run began after the last one asked. Failures go to `failed`.
 */
export function createRefresher(
  work: (key: string) => Promise<void>,
  failed: (key: string, error: unknown) => void,
): (key: string) => void {
  const again = new Map<string, boolean>();
  const run = async (key: string) => {
    do {
      again.set(key, false);
      await work(key).catch((error: unknown) => {
        failed(key, error);
      });
    } while (again.get(key) === true);
    again.delete(key);
  };
  return (key) => {
    if (again.has(key)) again.set(key, true);
    else void run(key);
  };
}
