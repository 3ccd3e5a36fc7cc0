/** The nearest known name to a misspelt one, for errors that say what was meant. */

const lengthMax = 64;

/** The candidate with the fewest edits, if these are few enough to be a slip of the hand; ties go to the first. */
export function didYouMean(written: string, candidates: Iterable<string>): string | undefined {
  if (written.length === 0 || written.length > lengthMax) return undefined;
  const wanted = written.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(Math.min(written.length, 12) / 3)) + 1;
  for (const candidate of candidates) {
    if (candidate === written || Math.abs(candidate.length - written.length) >= bestDistance + 1) continue;
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** `; did you mean …?` as a hint, or undefined. */
export function suggestion(written: string, candidates: Iterable<string>): string | undefined {
  const nearest = didYouMean(written, candidates);
  return nearest === undefined ? undefined : `did you mean \`${nearest}\`?`;
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let distance = Math.min(at(previous, j) + 1, at(current, j - 1) + 1, at(previous, j - 1) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        distance = Math.min(distance, at(beforePrevious, j - 2) + 1);
      }
      current.push(distance);
    }
    beforePrevious = previous;
    previous = current;
  }
  return at(previous, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
