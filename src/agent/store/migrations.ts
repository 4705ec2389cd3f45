/**
 * The agent's own database, as numbered steps. A step that has been released never changes; the next one is appended.
 * `PRAGMA user_version` holds how many have run.
 */
export const MIGRATIONS: readonly string[] = [
  `
  -- Where we are in chat.db. file: dev:ino; guid: that of the row at rowid; newest_ms: the newest date seen.
  CREATE TABLE cursor (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    file TEXT NOT NULL,
    rowid_seen INTEGER NOT NULL,
    guid TEXT,
    newest_ms REAL NOT NULL,
    first_start_ms REAL NOT NULL
  ) STRICT;

  -- Rows of chat.db that Messages is still writing.
  CREATE TABLE pending_rows (
    rowid_seen INTEGER PRIMARY KEY,
    first_seen_ms REAL NOT NULL,
    waiting_for TEXT NOT NULL
  ) STRICT;

  -- Where a thread's replies go: the chat of its latest incoming message.
  CREATE TABLE threads (
    thread_id TEXT PRIMARY KEY,
    chat_guid TEXT NOT NULL,
    is_group INTEGER NOT NULL,
    service TEXT NOT NULL,
    account_id TEXT NOT NULL
  ) STRICT;

  -- The inbox: each incoming row of chat.db once, by its guid.
  CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    guid TEXT NOT NULL UNIQUE,
    thread_id TEXT,
    fingerprint TEXT,
    date_ms REAL,
    seen_ms REAL NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'posting', 'waiting', 'answered', 'skipped', 'dead')),
    reason TEXT,
    detail TEXT,
    body TEXT,
    posts INTEGER NOT NULL DEFAULT 0,
    invalid_answers INTEGER NOT NULL DEFAULT 0,
    first_post_seq INTEGER,
    first_post_ms REAL,
    next_post_ms REAL,
    answered_ms REAL,
    first_says TEXT,
    bubbles INTEGER
  ) STRICT;
  CREATE INDEX messages_open ON messages (thread_id, id) WHERE state IN ('queued', 'waiting', 'posting');
  CREATE INDEX messages_answered ON messages (thread_id, answered_ms) WHERE state = 'answered';
  CREATE INDEX messages_fingerprint ON messages (fingerprint) WHERE fingerprint IS NOT NULL;

  -- The outbox: whatever may leave this Mac. row_guid: the row of chat.db that proves it; echo_guid: its incoming copy
  -- in a chat with oneself.
  CREATE TABLE bubbles (
    id INTEGER PRIMARY KEY,
    thread_id TEXT NOT NULL,
    message_id INTEGER REFERENCES messages (id),
    position INTEGER,
    command_id TEXT,
    immediate INTEGER NOT NULL DEFAULT 0,
    text TEXT NOT NULL,
    says TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('planned', 'sending', 'sent', 'confirmed', 'failed', 'unknown', 'parked')),
    reason TEXT,
    tries INTEGER NOT NULL DEFAULT 0,
    next_send_ms REAL NOT NULL DEFAULT 0,
    attempt TEXT,
    watermark INTEGER,
    planned_ms REAL NOT NULL,
    started_ms REAL,
    ended_ms REAL,
    confirmed_ms REAL,
    row_guid TEXT UNIQUE,
    echo_guid TEXT
  ) STRICT;
  CREATE INDEX bubbles_open ON bubbles (thread_id, state, immediate DESC, id)
    WHERE state IN ('planned', 'sending', 'sent', 'unknown', 'parked');
  CREATE INDEX bubbles_of_message ON bubbles (message_id, position) WHERE message_id IS NOT NULL;
  CREATE INDEX bubbles_started ON bubbles (started_ms) WHERE started_ms IS NOT NULL;

  -- Commands by their id. role: what a reflex is to the answers of its thread.
  CREATE TABLE commands (
    command_id TEXT PRIMARY KEY,
    command_type TEXT NOT NULL,
    digest TEXT NOT NULL,
    thread_id TEXT,
    says TEXT,
    role TEXT NOT NULL CHECK (role IN ('plain', 'unmatched', 'bound', 'held')),
    rule TEXT,
    message_id INTEGER REFERENCES messages (id),
    bubble_id INTEGER REFERENCES bubbles (id),
    received_seq INTEGER NOT NULL,
    received_ms REAL NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('received', 'completed', 'failed')),
    error TEXT,
    detail TEXT,
    finished_ms REAL,
    ack_owed INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX commands_unmatched ON commands (thread_id, received_seq) WHERE role = 'unmatched';
  CREATE INDEX commands_of_message ON commands (message_id) WHERE message_id IS NOT NULL;
  CREATE INDEX commands_of_bubble ON commands (bubble_id) WHERE bubble_id IS NOT NULL;
  CREATE INDEX commands_owed ON commands (received_seq) WHERE ack_owed = 1;

  -- Counts that outlive the rows they count, and the sequence that orders POSTs and reflexes.
  CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
  `,
  `
  -- How long a waiting message waits in all: its end alone means nothing once the clock was set.
  ALTER TABLE messages ADD COLUMN wait_ms REAL;
  `,
  `
  -- SQLite uses a partial index only where the query repeats its condition to the letter, which most did not.
  DROP INDEX messages_open;
  DROP INDEX bubbles_open;
  CREATE INDEX messages_state ON messages (state, id);
  CREATE INDEX messages_due ON messages (thread_id, id) WHERE state IN ('queued', 'waiting');
  CREATE INDEX bubbles_state ON bubbles (state, thread_id, immediate DESC, id);
  CREATE INDEX bubbles_echo ON bubbles (echo_guid) WHERE echo_guid IS NOT NULL;
  `,
  `
  -- rule: of the filter, that which decided; redacted: what was taken out of the text, a JSON object kind → count.
  ALTER TABLE messages ADD COLUMN rule TEXT;
  ALTER TABLE messages ADD COLUMN redacted TEXT;

  -- posted_to: where the last POST went; posted_fields: the names of the fields of its body; unconnected: how many POSTs
  -- never came to a connection; wait_asked: the backend asked for this wait; answer_rule: A1 to A3.
  ALTER TABLE messages ADD COLUMN posted_to TEXT;
  ALTER TABLE messages ADD COLUMN posted_fields TEXT;
  ALTER TABLE messages ADD COLUMN unconnected INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE messages ADD COLUMN wait_asked INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE messages ADD COLUMN answer_rule TEXT;
  -- How often the command came again.
  ALTER TABLE commands ADD COLUMN repeats INTEGER NOT NULL DEFAULT 0;

  -- The story of each message, bubble and command: every state it came to, when (Unix milliseconds) and why. Written by
  -- triggers, so that no flow can forget it; without any words. What is skipped at once has no story but its reason, and of
  -- a message that is POSTed for days only the first hundred POSTs are told. subject: its id; of a command received_seq, as
  -- its id may be long. n: the number of the POST or the try. wait_ms: until the next one; asked: by the backend.
  CREATE TABLE history (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    subject INTEGER NOT NULL,
    at_ms REAL NOT NULL DEFAULT (unixepoch('subsec') * 1000),
    state TEXT NOT NULL,
    reason TEXT,
    n INTEGER,
    wait_ms REAL,
    asked INTEGER
  ) STRICT;
  CREATE INDEX history_of ON history (kind, subject, id);

  CREATE TRIGGER messages_story_begins AFTER INSERT ON messages WHEN new.state <> 'skipped' BEGIN
    INSERT INTO history (kind, subject, state, reason) VALUES ('message', new.id, new.state, new.reason);
  END;
  CREATE TRIGGER messages_story AFTER UPDATE OF state ON messages
  WHEN new.state <> old.state AND (new.posts <= 100 OR new.state NOT IN ('posting', 'waiting')) BEGIN
    INSERT INTO history (kind, subject, state, reason, n, wait_ms, asked) VALUES ('message', new.id, new.state,
      CASE new.state WHEN 'posting' THEN new.posted_to ELSE new.reason END, new.posts,
      CASE new.state WHEN 'waiting' THEN new.wait_ms END, CASE new.state WHEN 'waiting' THEN new.wait_asked END);
  END;
  CREATE TRIGGER messages_story_ends AFTER DELETE ON messages BEGIN
    DELETE FROM history WHERE kind = 'message' AND subject = old.id;
  END;
  CREATE TRIGGER bubbles_story_begins AFTER INSERT ON bubbles BEGIN
    INSERT INTO history (kind, subject, state, reason) VALUES ('bubble', new.id, new.state, new.reason);
  END;
  CREATE TRIGGER bubbles_story AFTER UPDATE OF state ON bubbles WHEN new.state <> old.state BEGIN
    INSERT INTO history (kind, subject, state, reason, n, wait_ms) VALUES ('bubble', new.id, new.state, new.reason,
      new.tries, CASE WHEN new.state = 'planned' AND new.next_send_ms > 0 THEN new.next_send_ms - new.ended_ms END);
  END;
  CREATE TRIGGER bubbles_story_ends AFTER DELETE ON bubbles BEGIN
    DELETE FROM history WHERE kind = 'bubble' AND subject = old.id;
  END;
  CREATE TRIGGER commands_story_begins AFTER INSERT ON commands BEGIN
    INSERT INTO history (kind, subject, state, reason) VALUES ('command', new.received_seq, new.status, new.rule);
  END;
  CREATE TRIGGER commands_story AFTER UPDATE OF status ON commands
  WHEN new.status <> old.status OR new.error IS NOT old.error OR new.detail IS NOT old.detail BEGIN
    INSERT INTO history (kind, subject, state, reason)
    VALUES ('command', new.received_seq, new.status, COALESCE(new.error, new.detail));
  END;
  CREATE TRIGGER commands_story_binds AFTER UPDATE OF role ON commands WHEN new.role <> old.role BEGIN
    INSERT INTO history (kind, subject, state, reason) VALUES ('command', new.received_seq, new.role, new.rule);
  END;
  -- Once for each outcome, however often the backend asks for it again.
  CREATE TRIGGER commands_story_acked AFTER UPDATE OF ack_owed ON commands
  WHEN old.ack_owed = 1 AND new.ack_owed = 0 AND 'acked' IS NOT
    (SELECT state FROM history WHERE kind = 'command' AND subject = new.received_seq ORDER BY id DESC LIMIT 1) BEGIN
    INSERT INTO history (kind, subject, state, reason) VALUES ('command', new.received_seq, 'acked', new.status);
  END;
  CREATE TRIGGER commands_story_ends AFTER DELETE ON commands BEGIN
    DELETE FROM history WHERE kind = 'command' AND subject = old.received_seq;
  END;
  `,
  `
  -- What this installation keeps for itself: text_key, of the hashes that take the place of texts; since when histories are
  -- written.
  CREATE TABLE installation (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT;
  INSERT INTO installation VALUES ('history_since_ms', unixepoch('subsec') * 1000);

  -- What is left of words that nobody needs any more: how long they were, their hash, and when they were removed.
  ALTER TABLE messages ADD COLUMN text_length INTEGER;
  ALTER TABLE messages ADD COLUMN text_hash TEXT;
  ALTER TABLE messages ADD COLUMN wiped_ms REAL;
  ALTER TABLE bubbles ADD COLUMN text_length INTEGER;
  ALTER TABLE bubbles ADD COLUMN text_hash TEXT;
  ALTER TABLE bubbles ADD COLUMN wiped_ms REAL;
  ALTER TABLE commands ADD COLUMN text_length INTEGER;
  ALTER TABLE commands ADD COLUMN text_hash TEXT;
  ALTER TABLE commands ADD COLUMN wiped_ms REAL;
  CREATE INDEX messages_worded ON messages (COALESCE(answered_ms, seen_ms))
    WHERE body IS NOT NULL AND state IN ('answered', 'skipped');
  CREATE INDEX bubbles_worded ON bubbles (MAX(planned_ms, COALESCE(ended_ms, 0), COALESCE(confirmed_ms, 0)))
    WHERE text_hash IS NULL AND state IN ('confirmed', 'failed');
  CREATE INDEX commands_worded ON commands (COALESCE(finished_ms, received_ms))
    WHERE says IS NOT NULL AND status <> 'received';

  -- Nothing that has lost its words may be sent.
  CREATE TRIGGER messages_without_words BEFORE UPDATE OF state ON messages
  WHEN new.text_hash IS NOT NULL AND new.state IN ('queued', 'posting', 'waiting') BEGIN
    SELECT RAISE(ABORT, 'the words of this message are no longer kept');
  END;
  CREATE TRIGGER bubbles_without_words BEFORE UPDATE OF state ON bubbles
  WHEN new.text_hash IS NOT NULL AND new.state IN ('planned', 'sending') BEGIN
    SELECT RAISE(ABORT, 'the words of this bubble are no longer kept');
  END;
  `,
  `
  -- Messages for later. text: empty once it waits no more, length (UTF-16 units) stays. The command has the bubble that it
  -- becomes. Times are those of the wall clock, in Unix milliseconds.
  CREATE TABLE schedules (
    id INTEGER PRIMARY KEY,
    schedule_id TEXT NOT NULL,
    command_id TEXT NOT NULL UNIQUE,
    thread_id TEXT NOT NULL,
    text TEXT NOT NULL,
    length INTEGER NOT NULL,
    immediate INTEGER NOT NULL,
    send_at_ms REAL NOT NULL,
    created_ms REAL NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'planned', 'cancelled', 'too_late', 'refused', 'dropped')),
    reason TEXT,
    ended_ms REAL
  ) STRICT;
  CREATE UNIQUE INDEX schedules_waiting ON schedules (schedule_id) WHERE state = 'waiting';
  CREATE INDEX schedules_due ON schedules (send_at_ms, id) WHERE state = 'waiting';
  CREATE INDEX schedules_load ON schedules (thread_id, length) WHERE state = 'waiting';
  CREATE INDEX schedules_named ON schedules (schedule_id, id);
  CREATE INDEX schedules_state ON schedules (state, send_at_ms, id);
  `,
  `
  -- What became of a message after it was stored. words: a hash of what it said when last looked at, by which an edit is
  -- noticed; edits: how many were. event: the row tells the backend of an edit or a withdrawal ("edited", "unsent") of the
  -- message whose guid is about.
  ALTER TABLE messages ADD COLUMN words TEXT;
  ALTER TABLE messages ADD COLUMN edits INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE messages ADD COLUMN edited_ms REAL;
  ALTER TABLE messages ADD COLUMN withdrawn_ms REAL;
  ALTER TABLE messages ADD COLUMN event TEXT;
  ALTER TABLE messages ADD COLUMN about TEXT;
  CREATE INDEX messages_about ON messages (about) WHERE about IS NOT NULL;
  CREATE INDEX messages_withdrawn ON messages (thread_id, withdrawn_ms) WHERE withdrawn_ms IS NOT NULL;
  CREATE INDEX messages_moment ON messages (thread_id, date_ms) WHERE date_ms IS NOT NULL;
  CREATE TRIGGER messages_story_edited AFTER UPDATE OF edited_ms ON messages WHEN new.edited_ms IS NOT old.edited_ms BEGIN
    INSERT INTO history (kind, subject, state) VALUES ('message', new.id, 'edited');
  END;
  CREATE TRIGGER messages_story_unsent AFTER UPDATE OF withdrawn_ms ON messages WHEN old.withdrawn_ms IS NULL BEGIN
    INSERT INTO history (kind, subject, state) VALUES ('message', new.id, 'unsent');
  END;
  `,
  `
  -- The guard. Where nothing is sent ('' is everywhere), why, and until when: by the wall clock, NULL is until somebody ends it.
  CREATE TABLE pauses (
    thread_id TEXT NOT NULL,
    cause TEXT NOT NULL CHECK (cause IN ('operator', 'takeover', 'loop')),
    since_ms REAL NOT NULL,
    until_ms REAL,
    PRIMARY KEY (thread_id, cause)
  ) STRICT, WITHOUT ROWID;

  -- With whom this agent has had to do since its first start: one row for each thread, for good. is_new: it was a command
  -- that wrote first. Kept by triggers, so that no flow can forget it.
  CREATE TABLE recipients (
    thread_id TEXT PRIMARY KEY,
    since_ms REAL NOT NULL,
    is_new INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX recipients_new ON recipients (since_ms) WHERE is_new = 1;
  INSERT OR IGNORE INTO recipients SELECT thread_id, unixepoch('subsec') * 1000, 0 FROM threads;
  INSERT OR IGNORE INTO recipients SELECT thread_id, seen_ms, 0 FROM messages WHERE thread_id IS NOT NULL;
  INSERT OR IGNORE INTO recipients SELECT thread_id, planned_ms, 0 FROM bubbles;
  CREATE TRIGGER messages_recipient AFTER INSERT ON messages WHEN new.thread_id IS NOT NULL BEGIN
    INSERT OR IGNORE INTO recipients VALUES (new.thread_id, new.seen_ms, 0);
  END;
  CREATE TRIGGER bubbles_recipient AFTER INSERT ON bubbles BEGIN
    INSERT OR IGNORE INTO recipients VALUES (new.thread_id, new.planned_ms, new.command_id IS NOT NULL);
  END;

  -- What was sent in a thread in the last minute, and in the last day.
  CREATE INDEX bubbles_started_in ON bubbles (thread_id, started_ms);
  -- Commands of which nothing came: refused ones, of which only the latest are kept, and those that were bound.
  CREATE INDEX commands_refused ON commands (received_seq) WHERE status = 'failed' AND bubble_id IS NULL;
  CREATE INDEX commands_bound ON commands (received_ms) WHERE status = 'completed' AND bubble_id IS NULL;
  `,
  `
  -- What tells whether a reflex may still come. had_socket: some WebSocket was open while the message was in flight;
  -- late_reflex: it was answered without all of its reflexes, and one that was written before may be under way. Of what an
  -- earlier version POSTed nobody knows, and its connection has ended.
  ALTER TABLE messages ADD COLUMN had_socket INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE messages ADD COLUMN late_reflex INTEGER NOT NULL DEFAULT 0;
  UPDATE messages SET had_socket = 1
    WHERE posts > 0 AND (state <> 'answered' OR answered_ms > unixepoch('subsec') * 1000 - 86400000);
  CREATE INDEX messages_late ON messages (answered_ms) WHERE late_reflex = 1;

  -- Of a reflex that was held back, and may turn out to be another message's: how that is ("open", "expected"), and its text.
  ALTER TABLE commands ADD COLUMN bond TEXT;
  ALTER TABLE commands ADD COLUMN held_text TEXT;
  CREATE INDEX commands_held ON commands (thread_id, received_seq) WHERE bond IS NOT NULL;

  -- What messages had as reflex or first bubble, by hash: the first that had it, and whether another one had.
  CREATE TABLE lines (
    hash TEXT PRIMARY KEY,
    message_id INTEGER NOT NULL,
    is_stock INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX lines_of_one ON lines (message_id) WHERE is_stock = 0;
  CREATE TRIGGER messages_line_ends AFTER DELETE ON messages BEGIN
    DELETE FROM lines WHERE is_stock = 0 AND message_id = old.id;
  END;
  `,
  `
  -- The owner's own addresses, in the form in which addresses are compared, and how each is known: "chat_db", "came_back".
  CREATE TABLE own_addresses (
    address TEXT PRIMARY KEY,
    since_ms REAL NOT NULL,
    source TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- What becomes one message though it is several rows of chat.db. parts: how many more rows there are; each of them is on record
  -- as skipped ("gathered"), and about has the guid of the first. Such a message waits until next_post_ms for more of them.
  ALTER TABLE messages ADD COLUMN parts INTEGER NOT NULL DEFAULT 0;

  -- The other rows of chat.db that a bubble was stored as; bubbles.row_guid has the first.
  CREATE TABLE bubble_rows (
    row_guid TEXT PRIMARY KEY,
    bubble_id INTEGER NOT NULL REFERENCES bubbles (id) ON DELETE CASCADE
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX bubble_rows_of ON bubble_rows (bubble_id);
  `,
  `
  -- Of a text that was too long for one bubble each part is a bubble; first_part: the id of the first one, which has it, too.
  ALTER TABLE bubbles ADD COLUMN first_part INTEGER;
  CREATE INDEX bubbles_parts ON bubbles (first_part, id) WHERE first_part IS NOT NULL;

  -- A thread may have several chats, one for each service, say; "threads" has the one that was used last. chat_guid: in which
  -- a message came, and where its answer goes; NULL: wherever its thread does.
  CREATE TABLE chats (
    guid TEXT PRIMARY KEY,
    thread_id TEXT NOT NULL,
    is_group INTEGER NOT NULL,
    service TEXT NOT NULL,
    account_id TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  INSERT OR IGNORE INTO chats SELECT chat_guid, thread_id, is_group, service, account_id FROM threads;
  ALTER TABLE messages ADD COLUMN chat_guid TEXT;
  ALTER TABLE bubbles ADD COLUMN chat_guid TEXT;

  -- Long texts are queued before the body of their POST is made.
  CREATE INDEX messages_bodiless ON messages (id) WHERE state = 'queued' AND body IS NULL;

  -- Where a bubble stands in its thread: its id, or the place of the answer of a later message, which it goes ahead of.
  ALTER TABLE bubbles ADD COLUMN place INTEGER NOT NULL DEFAULT 0;
  UPDATE bubbles SET place = id;
  `,
]
