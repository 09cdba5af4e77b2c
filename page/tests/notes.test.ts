import { describe, expect, it } from "vitest";
import { labelsOf, noting } from "../src/model/notes";

describe("a note", () => {
  it("is typed as labels and words", () => {
    expect(noting("#wrong-tool asked for the wrong order #slow", "r1", 3)).toEqual({ run: "r1", step: 3, labels: ["wrong-tool", "slow"], text: "asked for the wrong order" });
    expect(noting("-#slow", "r1", null)).toEqual({ run: "r1", removed: ["slow"] });
    expect(noting("issue a#3 and C#", "r1", null)).toEqual({ run: "r1", text: "issue a#3 and C#" });
    expect(noting("  ", "r1", 3)).toBeNull();
  });

  it("gives its labels to the run until they are taken back where they were put", () => {
    const notes = [
      { id: "1", ts: "t", run: "a", labels: ["x", "y"] },
      { id: "2", ts: "t", run: "a", step: 2, labels: ["x"] },
      { id: "3", ts: "t", run: "a", removed: ["x"] },
      { id: "4", ts: "t", run: "b", labels: ["z"] },
      { id: "5", ts: "t", run: "b", removed: ["z"] },
    ];
    expect([...labelsOf(notes)]).toEqual([["a", ["y", "x"]]]);
  });
});
