import type * as catalogue from "@gpu-dev/shared/api/catalogue.ts";
import type * as events from "@gpu-dev/shared/api/events.ts";
import type * as reservations from "@gpu-dev/shared/api/reservation.ts";
import type * as resources from "@gpu-dev/shared/api/resources.ts";
import type { WithoutNull } from "../absence.ts";

/**
 * The types that the API client returns: the resources of the API, with `undefined` for absent
 * values. Only this package imports the wire types of responses.
 */
export type Availability = WithoutNull<resources.Availability>;
export type Catalogue = WithoutNull<catalogue.Catalogue>;
export type Disk = WithoutNull<resources.Disk>;
export type Event = WithoutNull<events.Event>;
export type GpuType = WithoutNull<catalogue.GpuType>;
export type Reservation = WithoutNull<reservations.Reservation>;
