// What this browser keeps of its own.
/** Small things that this browser keeps; nothing where it may not. */
export const kept = {
  get(key: string): string | null {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  },
  set(key: string, value: string | null): void {
    try {
      if (value === null) localStorage.removeItem(key);
      else localStorage.setItem(key, value);
    } catch {
      // A frame without an origin keeps nothing.
    }
  },
};
