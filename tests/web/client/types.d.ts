// The types of src/handlerid/web/client.js, for the check alone: the file is measured
// in bytes as it is served.

/** An input, a select, a textarea, or any element with a value. */
type Field = any;

/** What an event carries; a FormData is sent as a form. */
type Fields = Record<string, unknown> | FormData;

/**
 * Reads the fields of a DOM event.
 * @param element has the attribute
 * @param target what was hit
 * @returns null: nothing is sent; undefined: an ancestor may have it
 */
type Reader = (event: any, element: Field, target: Field) => Fields | null | void;

/** An event on its way to the server. */
interface Job {
  element: Element;
  /** Describes the element; stays when an answer replaces it. */
  id: string;
  /** The wire name of the event. */
  name: string;
  payload: any;
  /** No act of the user: it never reloads the page. */
  passive: boolean;
  /** When the event was read. */
  at: number;
  /** When its request left; 0 before. */
  sent: number;
  /** It is not sent once more. */
  again?: boolean;
  /** The server began to answer. */
  reached?: Promise<unknown>;
  reach?: (nothing?: unknown) => void;
  /** The answer is shown. */
  done?: Promise<void>;
}

/** What is known of an element. */
interface Note {
  /** When the user changed a field. */
  changed: number;
  /** Which request it was shown for. */
  shown: number;
  /** The elements that have had the click on a field's label. */
  clicked?: Element[];
  /** The position that is no news. */
  scroll?: string;
  /** The state of a details that is no news. */
  open?: boolean;
  /** Whether it had its first size. */
  sized?: boolean;
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
  /** @param part the part of references that counts */
  type describe = (element: Field, part: RegExp) => string;
  /**
   * Elements by their descriptions; equal ones are counted.
   * @param part of the references of fields: text must not go to another row
   */
  type describeAll = (root: Element, part: RegExp) => Map<string, Field>;
  /** Dispatches on an element, else on the document; false if it was prevented. */
  type raise = (element: Element | null | undefined, name: string, detail: unknown) => boolean;
  type say = (text: string) => void;
  type tell = (job: Job, name: string, detail: any) => void;
  type only = (type: string, read: (field: Field) => Fields) => Reader;
  type prevent = (read: Reader) => Reader;
  type withFiles = (fields: any, files: Iterable<File>) => FormData;
  type isKey = (event: KeyboardEvent) => unknown;
  /** Undefined without data-keys. */
  type isListed = (event: KeyboardEvent, element: Element) => boolean | undefined;
  type modifiers = (event: KeyboardEvent | MouseEvent) => Record<string, boolean>;
  type keepForm = (event: Event, field: Field) => void;
  type hear = (event: Event, reading: Record<string, Reader>) => void;
  type occur = (element: Element, name: string, fields: Fields) => void;
  type letGo = (slot: string) => void;
  /** @param late it was held back before */
  type pace = (job: Job, late?: boolean) => unknown;
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
  type keepsState = (field: Field, job: Job) => boolean;
  type replace = (old: Element, fresh: Element, job: Job) => void;
  type adopt = (root: Field) => void;
}

// Of the DOM: what is newer than TypeScript's library, and results whose type the
// selector says.

interface Document {
  readonly prerendering?: boolean;
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
