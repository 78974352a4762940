import { readAudit } from "../operations/auditLog.ts";
import { cancelReservation } from "../operations/cancelReservation.ts";
import { createReservation } from "../operations/createReservation.ts";
import { extendReservation } from "../operations/extendReservation.ts";
import { readDisks } from "../operations/disks.ts";
import { addKey, readKeys, removeKey } from "../operations/keys.ts";
import { readConnection, readLogs } from "../operations/reachReservation.ts";
import { readAvailability, readStatus } from "../operations/readCapacity.ts";
import {
  findReservationFor,
  listEvents,
  listReservations,
} from "../operations/readReservations.ts";
import { signIn, signOut, verifySignIn } from "../operations/signIn.ts";
import type { Handlers, Preparations } from "./handler.ts";
import { presentReservation } from "./presenters/reservation.ts";
import {
  presentAudit,
  presentDisk,
  presentEvent,
  presentKey,
  presentMe,
} from "./presenters/resources.ts";

/** These steps run before the transaction of their route. */
export const preparations: Preparations = {
  createToken: ({ body, server, services: { clock, signInMethods } }) =>
    verifySignIn(signInMethods, body, { server, now: clock.now() }),
};

/** One handler per route: calls the operation and presents its result. Handlers hold no rules. */
export const handlers: Handlers = {
  listSignInMethods: ({ server, services: { version, signInMethods } }) =>
    Promise.resolve({
      server,
      version,
      methods: signInMethods.map((method) => method.describe()),
    }),
  createToken: async ({ db, prepared, setAuditedUser, services: { clock } }) => {
    const signedIn = await signIn(db, prepared, clock.now());
    setAuditedUser(signedIn.principal.userId);
    return {
      id: signedIn.principal.tokenId,
      token: signedIn.token,
      expiresAt: signedIn.principal.tokenExpiresAt.toISOString(),
      user: presentMe(signedIn.principal),
    };
  },
  revokeToken: async ({ db, principal, services: { clock } }) => {
    await signOut(db, principal, clock.now());
    return undefined;
  },
  getMe: ({ principal }) => Promise.resolve(presentMe(principal)),
  listKeys: async ({ db, principal }) => ({
    items: (await readKeys(db, principal)).map(presentKey),
  }),
  addKey: async ({ db, principal, body, services: { clock } }) =>
    presentKey(await addKey(db, principal, body.publicKey, clock.now())),
  removeKey: async ({ db, principal, params }) => {
    await removeKey(db, principal, params.keyId);
    return undefined;
  },
  getCatalogue: ({ services: { catalogue } }) => Promise.resolve(catalogue),
  getAvailability: ({ db, principal, query, services: { catalogue, planner, clock } }) =>
    readAvailability({ db, catalogue, planner, clock }, principal, { disk: query.disk }),
  createReservation: async ({ db, principal, body, services: { catalogue, clock } }) => {
    const view = await createReservation(db, principal, body, { catalogue, now: clock.now() });
    return presentReservation(view, catalogue);
  },
  listReservations: async ({ db, principal, query, services: { catalogue } }) => {
    const page = await listReservations(db, principal, {
      state: query.state,
      name: query.name,
      cursor: query.cursor,
      limit: query.limit,
    });
    return {
      items: page.items.map((view) => presentReservation(view, catalogue)),
      nextCursor: page.nextCursor ?? null,
    };
  },
  getReservation: async ({ db, viewer, params, services: { catalogue } }) =>
    presentReservation(await findReservationFor(db, viewer, params.reservationId), catalogue),
  extendReservation: async ({ db, viewer, params, body, services: { catalogue } }) => {
    const request = { id: params.reservationId, seconds: body.seconds };
    return presentReservation(await extendReservation(db, viewer, request, catalogue), catalogue);
  },
  cancelReservation: async ({ db, principal, viewer, params, services: { catalogue, clock } }) => {
    const caller = { principal, viewer };
    const view = await cancelReservation(db, caller, params.reservationId, clock.now());
    return presentReservation(view, catalogue);
  },
  listReservationEvents: async ({ db, viewer, params, query }) => {
    const page = await listEvents(db, viewer, {
      id: params.reservationId,
      cursor: query.cursor,
      limit: query.limit,
    });
    return { items: page.items.map(presentEvent), nextCursor: page.nextCursor ?? null };
  },
  getReservationLogs: async ({ db, viewer, params, query, services: { cluster } }) => {
    const request = { id: params.reservationId, tail: query.tail };
    const logs = await readLogs({ db, cluster }, viewer, request);
    return { ...logs, podName: logs.podName ?? null };
  },
  getReservationConnection: ({ db, viewer, params }) =>
    readConnection(db, viewer, params.reservationId),
  listDisks: async ({ db, principal }) => ({
    items: (await readDisks(db, principal)).map(presentDisk),
  }),
  streamEvents: "stream",
  getStatus: async ({ db, services: { clock, version, installation } }) => {
    const now = clock.now();
    const { cluster, reservations } = await readStatus(db, now);
    return {
      version,
      installation,
      now: now.toISOString(),
      // These counts were just read from the database.
      database: "up",
      cluster: { state: cluster.state, asOf: cluster.asOf?.toISOString() ?? null },
      reservations,
    };
  },
  listAudit: async ({ db, query }) => {
    const page = await readAudit(db, { cursor: query.cursor, limit: query.limit });
    return { items: page.items.map(presentAudit), nextCursor: page.nextCursor ?? null };
  },
};
