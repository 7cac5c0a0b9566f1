// Whether the scripts of one folder, which the site serves without comments, are the programs of the files that are named:
// node same.js FOLDER FILE...

import {readFileSync} from "node:fs";
import {basename, join} from "node:path";
import {parse} from "espree";

const program = (path) => JSON.stringify(
  parse(readFileSync(path, "utf8"), {ecmaVersion: 2022, sourceType: "module"}),
  (key, value) => (["start", "end"].includes(key) ? undefined : typeof value === "bigint" ? String(value) : value));

const [folder, ...files] = process.argv.slice(2);
const different = files.filter((file) => program(file) !== program(join(folder, basename(file))));
if (different.length) throw new Error(`served otherwise than written: ${different.join(", ")}`);
