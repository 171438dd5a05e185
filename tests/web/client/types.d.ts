// The types of src/handlerid/web/client.js, for the check alone: the file is measured
// in bytes as it is served.

/** An input, a select, a textarea, or any element with a value. */
type Field = any;

/** What an event carries; a FormData is sent as a form. */
type Fields = Record<string, unknown> | FormData;

/**
 * Reads the fields of an event.
 * @param element has the attribute
 * @param target what was hit
 * @returns null: nothing is sent; undefined: an ancestor may have it
 */
type Reader = (event: any, element: Field, target: Field) => Fields | null | void;

/** An event on its way to the server. */
interface Job {
  /** Of the element that has the handler. */
  note: Note;
  /** The wire name of the event. */
  name: string;
  payload: any;
  /** No act of the user: it never reloads the page. */
  passive: boolean;
  /** When the event was read. */
  at: number;
  /** When its request left, or its last step arrived; 0 before. */
  sent: number;
  /** It is not sent once more. */
  again?: boolean;
  /** The server began to answer. */
  reached?: Promise<unknown>;
  reach?: (nothing?: unknown) => void;
  /** The answer is shown. */
  done?: Promise<void>;
}

/** What is known of an element, and later of the one that takes its place. */
interface Note {
  /** The one that is in the page now. */
  element: Field;
  id: number;
  /** When the user changed a field. */
  changed: number;
  /** Which request it was shown for. */
  shown: number;
  /** It had its press, if data-double ignores the next one. */
  doubled?: boolean;
  /** The elements that have had the click on a field's label. */
  clicked?: Element[];
  /** Where the user scrolled to. */
  scrolled?: { left: number; top: number };
  /** The position that is no news. */
  scroll?: string;
  /** The state of a details that is no news. */
  open?: boolean;
  /** Whether it had its first size. */
  sized?: boolean;
  /** Whether it had its load event. */
  loaded?: boolean;
  /** Of the notice: its text. */
  said?: string;
  [name: string]: unknown;
}

/** The functions of the client. */
declare namespace Is {
  type note = (element: object) => Note & Record<string, any>;
  type isNews = (element: object, name: string, state: unknown) => boolean;
  type on = (type: string, listener: (event: any) => void) => void;
  type get = (element: Element, name: string) => string | null;
  type handlers = (element: Element) => string[];
  type isBox = (field: Field) => boolean;
  /**
   * Says what an element and the one that takes its place share.
   * @param part the part of references that counts; by place, an id is enough
   * @param root where what is around the element ends
   */
  type describe = (element: Field, part: RegExp, root: Element) => string;
  /**
   * Elements by their descriptions; equal ones are counted.
   * @param known are left out
   */
  type describeAll = (
    root: Element,
    part: RegExp,
    known?: { has(element: Element): boolean },
  ) => Map<string, Field>;
  /** Dispatches on an element, else on the document; false if it was prevented. */
  type raise = (element: Element | null | undefined, name: string, detail: unknown) => boolean;
  type say = (text: string) => void;
  type tell = (job: Job, name: string, detail: any) => void;
  type only = (type: string, read: (field: Field) => Fields) => Reader;
  type isKey = (event: KeyboardEvent) => unknown;
  type modifiers = (event: KeyboardEvent | MouseEvent) => Record<string, boolean>;
  /** Keeps the browser from sending a form that has no handler. */
  type keepForm = (event: Event, field: Field) => void;
  type hear = (event: Event, reading: Record<string, Reader>) => void;
  type occur = (element: Element, name: string, fields: Fields) => void;
  type letGo = (slot: string) => void;
  /** @param late it was held back before */
  type pace = (job: Job, late?: boolean) => unknown;
  /** Sets aria-busy, or removes it. */
  type showBusy = (own: Note) => void;
  type enqueue = (job: Job) => unknown;
  /** @param before what has to be done first */
  type run = (job: Job, before: unknown[]) => Promise<void>;
  type send = (job: Job) => Promise<void>;
  /** Names and data of server-sent events. */
  type steps = (body: any) => AsyncGenerator<[string, string]>;
  type answer = (job: Job, type: any, text: string) => Promise<void>;
  /** @param other the server's release, if it is not the page's */
  type refuse = (job: Job, refusal: any, other: any) => Promise<void>;
  type placeOf = (element: Element, name: string) => (string | null | undefined)[];
  type mayReload = (job: Job, refusal: unknown, other: any) => boolean;
  type stateOf = (field: Field, initial?: boolean) => any;
  type setState = (field: Field, state: any) => void;
  type isSame = (one: unknown, other: unknown) => boolean;
  type show = (job: Job, html: string) => void;
  /**
   * Whether a field keeps its value over an answer.
   * @param same the elements whose twins have all of the same handlers
   */
  type keepsState = (
    field: Field,
    twin: Field,
    job: Job,
    same: Map<Field, Field>,
  ) => boolean;
  /**
   * Adds elements and those that take their places. By place, only a field with an id is
   * the same: what was typed must not go to another row.
   */
  type pair = (
    old: Element,
    fresh: Element,
    part: RegExp,
    known: Map<Field, Field>,
  ) => Map<Field, Field>;
  /** Puts an element where its twin is, and makes it like that. */
  type takePlace = (element: Field, twin: Field) => void;
  /** Even what takes no focus by itself. */
  type focusOn = (element: Field) => void;
  type replace = (old: Element, fresh: Element, job: Job) => void;
  type adopt = (root: Field) => void;
}

// Of the DOM: what is newer than TypeScript's library, and results whose type the
// selector says.

interface Document {
  readonly prerendering?: boolean;
  getElementById(id: string | null): any;
}

interface Window {
  readonly trustedTypes?: any;
}

interface Element {
  closest(selectors: string): any;
}

interface ParentNode {
  querySelector(selectors: string): any;
  querySelectorAll(selectors: string): NodeListOf<Element & Record<string, any>>;
}
