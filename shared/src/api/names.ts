import * as z from "zod";
import { NAME_PATTERN, NAME_RULE } from "../names.ts";

export const reservationName = z.string().regex(NAME_PATTERN, NAME_RULE);
export const diskName = z.string().regex(NAME_PATTERN, NAME_RULE);
export const userName = z.string().regex(NAME_PATTERN, NAME_RULE);
