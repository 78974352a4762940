/** "15:20" today, "Tue 24 Nov 15:20" on another day. By this machine's clock and zone, as everything in the editor. */
export function clockTime(at: Date, now: Date): string {
  const time = TIME.format(at);
  return isSameDay(at, now) ? time : `${DAY.format(at).replace(",", "")} ${time}`;
}

export function isSameDay(a: Date, b: Date): boolean {
  return a.toDateString() === b.toDateString();
}

// Building a format costs more than using it by far, and rows are drawn again each minute.
const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short" });
