import { randomInt } from "node:crypto";

const ADJECTIVES =
  "amber bold brave brisk calm clear coral crisp eager fair fleet gentle glad golden keen kind lively lucid merry mild noble proud quick quiet rapid silver smart steady sunny swift tidy vivid warm wise".split(
    " ",
  );
const ANIMALS =
  "badger bear beaver bison crane deer dolphin eagle egret falcon ferret finch fox gecko hare hawk heron ibex koala lark lemur lynx marten mole newt otter owl panda pika plover puffin raven robin seal stoat swan tern wren yak".split(
    " ",
  );

/** A name that reads and types well, like brisk-otter, and that is none of `taken`. */
export function chooseName(taken: readonly string[]): string {
  const pick = (words: readonly string[]): string => words[randomInt(words.length)] ?? "";
  const base = `${pick(ADJECTIVES)}-${pick(ANIMALS)}`;
  let name = base;
  for (let n = 2; taken.includes(name); n += 1) name = `${base}-${String(n)}`;
  return name;
}
