/** The environment variables that the extension reads, and no others. */
export const environment: Readonly<Record<string, string | undefined>> = process.env;
