import * as z from "zod";
import { ERROR_CODES, type ErrorCode } from "../errors.ts";

const codes = Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]];

/** RFC 9457 problem details, with a stable `code` and the id that the server's log carries. */
export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: "What happened, why, and what to do next" }),
    code: z.enum(codes),
    requestId: z.string(),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .meta({ description: "Each field that was refused" }),
  })
  .meta({ id: "Problem" });
export type Problem = z.infer<typeof problem>;
