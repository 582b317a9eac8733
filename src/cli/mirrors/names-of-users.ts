/**
 * What uses a copy, as a reader knows it: a service by its cluster and name, however many of its revisions and
 * tasks name the copy too. An identifier of a task says nothing to a person.
 */

/** `place` is that of a use, as the JSON has it. */
type User = { readonly place: string; readonly by: string };

/** Task definitions come last: most are old ones that nothing runs. */
const ORDER: readonly string[] = ["services", "service-revisions", "functions", "tasks", "clusters"];

/** Each name once: services first. */
export function namesOfUsers(users: readonly User[]): readonly string[] {
  const rank = (place: string): number => (ORDER.includes(place) ? ORDER.indexOf(place) : ORDER.length);
  return [...new Set(users.toSorted((a, b) => rank(a.place) - rank(b.place)).map(nameOf))];
}

/** An ARN's resource is `service/prod/web`, `task-definition/web:2`, `function:resize`; other users have a plain name. */
function nameOf({ place, by }: User): string {
  if (!by.startsWith("arn:")) return by;
  const name = by
    .split(":")
    .slice(5)
    .join(":")
    .replace(/^[a-z-]+[/:]/, "");
  const [first = "", ...rest] = name.split("/");
  if (place === "service-revisions") return [first, ...rest.slice(0, -1)].join("/");
  if (place === "tasks") return rest.length === 0 ? "tasks" : `tasks of ${first}`;
  return name;
}
