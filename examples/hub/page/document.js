// The room of the document: Yjs (a CRDT) in every page and on the server, so that edits made at once,
// or while a page is offline, converge. Messages are those of y-protocols.

import { Connection } from "./connection.js";
import { Cursors } from "./cursors.js";
import { byId, show } from "./dom.js";
import { Editor } from "./editor.js";
import { randomId } from "./identity.js";
import * as Y from "./yjs.js";

const SYNC = 0;
const AWARENESS = 1;

/** The kind of a sync message that asks, and is answered. */
const STEP_1 = 0;

/** Close codes that tell of a change that can't be taken (RFC 6455 §7.4.1). */
const INVALID = 1007;
const TOO_BIG = 1009;

/** Milliseconds for which updates are gathered into one message. */
const GATHER = 50;

/** The origin of changes that came from the server. */
const SERVER = Symbol("server");

export class SharedDocument {
  connection;

  /** The secret id: a client that knows it could write as this page. */
  #client;
  #doc;
  #editor;
  #cursors;
  #gathered = [];
  #gathering = null;
  /** Whether this connection has answered the server's step 1: before, it sends no updates. */
  #isSynced = false;
  /** Updates that this connection has sent. */
  #sent = 0;
  /** Changes that no connection has acknowledged. */
  #isUnsaved = false;
  /** Messages that wait for the end of a composition. */
  #held = [];

  constructor(me, { changed }) {
    this.connection = new Connection("document", {
      query: () => ({ client: this.#client, name: me.name }),
      opened: () => this.#opened(),
      text: (message) => this.#text(message),
      binary: (bytes) => this.#binary(bytes),
      closed: () => this.#closed(),
      changed: () => {
        this.#showSaved();
        changed();
      },
    });
    this.#editor = new Editor(byId("editor"), {
      moved: () => this.#cursors.move(),
      composed: () => this.#held.splice(0).forEach((bytes) => this.#read(bytes)),
    });
    this.#cursors = new Cursors(me, this.#editor, (update) => {
      this.connection.send(message(AWARENESS, (encoder) => Y.writeVarUint8Array(encoder, update)));
    });
    this.#begin();
  }

  /** Begins with an empty document, which the server fills. Its client id is a new one: what was
   * discarded has used numbers of the one before. */
  #begin() {
    this.#client = randomId();
    this.#doc = new Y.Doc();
    this.#doc.clientID = clientIdOf(this.#client);
    this.#doc.on("update", (update, origin) => {
      if (origin !== SERVER) this.#gather(update);
    });
    this.#editor.bind(this.#doc.getText("text"));
    this.#showLength();
    this.#doc.on("afterTransaction", () => this.#showLength());
  }

  #opened() {
    this.#isSynced = false;
    this.#sent = 0;
    this.connection.send(message(SYNC, (encoder) => Y.writeSyncStep1(encoder, this.#doc)));
    this.#cursors.open();
    this.#showSaved();
  }

  #text({ type, updates, reason }) {
    if (type === "ack") {
      // The first one acknowledges what answered step 1, with 0 updates after it.
      if (updates === this.#sent && this.#gathered.length === 0) this.#isUnsaved = false;
      this.#showSaved();
    } else if (type === "refused") {
      this.#discard(reason);
      this.connection.restart("resynchronize");
    }
  }

  /** The server has the document without the last changes: begins with that one. */
  #discard(reason) {
    show(byId("refused"), `The last change was discarded: ${reason}`);
    this.#isUnsaved = false;
    this.#gathered = [];
    this.#begin();
  }

  #binary(bytes) {
    // A change of the text would end a composition.
    if (this.#editor.isComposing) this.#held.push(bytes);
    else this.#read(bytes);
  }

  #read(bytes) {
    const decoder = Y.createDecoder(bytes);
    const kind = Y.readVarUint(decoder);
    if (kind === SYNC) {
      const isQuestion = bytes[1] === STEP_1;
      const answer = message(SYNC, (encoder) => {
        Y.readSyncMessage(decoder, encoder, this.#doc, SERVER);
      });
      if (isQuestion) this.#synced(answer);
    } else if (kind === AWARENESS) {
      this.#cursors.read(Y.readVarUint8Array(decoder));
    }
  }

  /** The answer to step 1 has all that the server lacks, and so replaces a resend. */
  #synced(answer) {
    this.#gathered = [];
    this.#isSynced = this.connection.send(answer);
  }

  #gather(update) {
    this.#isUnsaved = true;
    show(byId("refused"), "");
    this.#gathered.push(update);
    this.#showSaved();
    this.#gathering ??= setTimeout(() => this.#sendGathered(), GATHER);
  }

  #sendGathered() {
    this.#gathering = null;
    if (this.#gathered.length === 0 || !this.#isSynced) return;
    const update = Y.mergeUpdates(this.#gathered.splice(0));
    this.connection.send(message(SYNC, (encoder) => Y.writeUpdate(encoder, update)));
    this.#sent++;
  }

  #closed() {
    this.#isSynced = false;
    // Sent again, the same changes would have the same end.
    const { code } = this.connection;
    if (code === TOO_BIG) this.#discard("it was too long");
    if (code === INVALID) this.#discard("it can't be applied");
    this.#held = [];
    this.#cursors.close();
  }

  #showSaved() {
    const { isOpen } = this.connection;
    const saving = isOpen ? "Saving…" : "Not saved yet: offline";
    show(byId("saved"), this.#isUnsaved ? saving : isOpen ? "Saved" : "Offline");
  }

  #showLength() {
    const words = byId("editor").value.match(/\S+/gu)?.length ?? 0;
    show(byId("length"), words === 1 ? "1 word" : `${words} words`);
  }
}

/** The id with which the server lets this client write: the first 53 bits of its hash. The SHA-256
 * of Web Crypto is there on secure origins alone. */
function clientIdOf(client) {
  const { buffer } = Y.sha256(new TextEncoder().encode(client));
  return Number(new DataView(buffer).getBigUint64(0) >> 11n);
}

function message(kind, write) {
  const encoder = Y.createEncoder();
  Y.writeVarUint(encoder, kind);
  write(encoder);
  return Y.toUint8Array(encoder);
}
