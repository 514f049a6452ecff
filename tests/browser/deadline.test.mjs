// A story that hangs: node --test tests/browser/deadline.test.mjs

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { Deadline } from "./deadline.mjs";
import { Story } from "./story.mjs";

const work = mkdtempSync(join(tmpdir(), "deadline-"));
after(() => rmSync(work, { recursive: true }));

const shots = join(work, "screenshots");
const story = () => new Story({ kind: "none", browser: null, shots, name: "hangs" });
const never = () => new Promise(() => {});

// The test does not hang if there is no deadline.
const bounded = { timeout: 10_000 };

test("story that hangs fails, and what it has started is stopped", bounded, async () => {
  const deadline = new Deadline(3600);
  let isStopped = false;
  const hanging = story();
  const error = await hanging.run((it) => {
    it.finally(() => (isStopped = true));
    return deadline.within(0.1, never);
  });
  assert.equal(error.message, "did not end within 0.1 s");
  assert.ok(isStopped);
  await assert.rejects(hanging.hub(), /the story has ended/);
  assert.equal(await story().run(() => deadline.within(5, async () => {})), null);
});

test("deadline of the run ends a story, and those that are left fail", bounded, async () => {
  const deadline = new Deadline(0.1);
  for (const _ of ["the story that hangs", "the next one"]) {
    const error = await story().run(() => deadline.within(3600, never));
    assert.equal(error.message, "the run did not end within 0.1 s");
  }
});
