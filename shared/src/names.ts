/**
 * Names become host names, Kubernetes labels and ssh host blocks, so they allow only what is safe
 * in all three: lower-case letters, digits and single hyphens, beginning with a letter.
 */
export const NAME_PATTERN = /^[a-z](?:[a-z0-9]|-(?=[a-z0-9])){0,31}$/;
export const MAX_NAME_LENGTH = 32;
export const NAME_RULE =
  "use 1 to 32 lower-case letters, digits and hyphens, beginning with a letter, with no two hyphens together";
