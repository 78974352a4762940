/**
 * Where the job queue's own connections go. What they write is who has a job and how it ended: after a crash of the database
 * a job that was taken is free again and one that was done is done once more, which changes nothing, so that no commit of
 * theirs waits for the disk. Jobs are added by our own transactions, which do.
 */
export function queueUrl(databaseUrl: string): string {
  const url = URL.parse(databaseUrl);
  if (url === null) return databaseUrl;
  const given = url.searchParams.get("options");
  const options = [given, "-c synchronous_commit=off"].filter((each) => each !== null).join(" ");
  url.searchParams.set("options", options);
  // A space is %20 to everybody, and + to some alone.
  url.search = url.searchParams.toString().replaceAll("+", "%20");
  return url.href;
}
