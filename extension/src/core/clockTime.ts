/** "15:20" today, "Tue 24 Nov 15:20" on another day. By this machine's clock and zone, as everything in the editor. */
export function clockTime(at: Date, now: Date): string {
  formats ??= makeFormats();
  const time = formats.time.format(at);
  return isSameDay(at, now) ? time : `${formats.day.format(at).replace(",", "")} ${time}`;
}

export function isSameDay(a: Date, b: Date): boolean {
  return a.toDateString() === b.toDateString();
}

/**
 * Made once, because rows are drawn again each minute and making one costs more than using it by far; and made when
 * first used, because the first of a process costs 10 ms, which activation does not have.
 */
let formats: ReturnType<typeof makeFormats> | undefined;

function makeFormats() {
  return {
    time: new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" }),
    day: new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short" }),
  };
}
