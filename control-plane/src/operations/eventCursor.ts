import type { EventCursor } from "../store/timeline.ts";

/** A cursor as clients send it back, or "unknown" when it is none of ours. */
export function parseEventCursor(text: string): EventCursor | "unknown" {
  const [, xid, id] = /^(\d{1,19})-(\d{1,15})$/.exec(text) ?? [];
  return xid === undefined || id === undefined ? "unknown" : { xid, id: Number(id) };
}

export function formatEventCursor({ xid, id }: EventCursor): string {
  return `${xid}-${String(id)}`;
}

export function isAfter(a: EventCursor, b: EventCursor): boolean {
  const [ax, bx] = [BigInt(a.xid), BigInt(b.xid)];
  return ax === bx ? a.id > b.id : ax > bx;
}
