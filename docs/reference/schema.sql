CREATE TABLE records (  -- schema version 2
  record_id VARCHAR NOT NULL,  -- Lower-case hex SHA-256 of the source bytes: same bytes, same record.
  source_path VARCHAR NOT NULL,  -- Path below the landing root, /-separated; bytes that are not UTF-8 are written %FF, a literal % is %25.
  source_bytes BIGINT NOT NULL,  -- Size of the source in bytes.
  source_modified_at TIMESTAMP WITH TIME ZONE NOT NULL,  -- When the landed file was last modified, by its own clock.
  feed VARCHAR,  -- The name of the feed whose rules applied; null where none did.
  media_type VARCHAR,  -- The IANA media type of the document as found: text/plain, text/html, message/rfc822 ... Null in version 1.
  extraction VARCHAR[],  -- The steps that took the text out of its format, in their order; empty for plain text. Null in version 1.
  text VARCHAR NOT NULL,  -- The normalised body: header removed, NFC, \n line ends, no blank lines at its ends.
  title VARCHAR,  -- From a header block, or a copy of the first line where it plainly is a headline.
  published_date DATE,  -- The date in the header; null where there is none or it cannot be known.
  published_at TIMESTAMP WITH TIME ZONE,  -- The moment in the header, where it gave a time and a zone.
  date_status VARCHAR NOT NULL,  -- none, parsed, ambiguous or invalid.
  date_precision VARCHAR,  -- How exact the date is: year, month, day, minute or second.
  header VARCHAR,  -- What was taken out of the top, exactly as it stood after repair.
  header_start INTEGER,  -- Where in text the header stood (characters): text[:header_start] + header + text[header_start:] is the whole.
  metadata MAP(VARCHAR, VARCHAR),  -- Fields of the header or format, names in lower case; at most 64, 8 KiB; _cut names others. Null in version 1.
  language VARCHAR NOT NULL,  -- ISO 639-1 code (639-3 where there is none); und where it cannot be told.
  script VARCHAR,  -- ISO 15924 code of the script: Latn, Cyrl, Hans, Hant, Arab ...
  language_confidence FLOAT NOT NULL,  -- 0-1, calibrated: of the rows that say 0.9, nine in ten are right.
  language_candidates STRUCT(language VARCHAR, confidence FLOAT)[] NOT NULL,  -- At most three languages, best first.
  encoding VARCHAR NOT NULL,  -- What the bytes were decoded with: the WHATWG name where it has one.
  encoding_method VARCHAR NOT NULL,  -- bom, utf-8, detected, mixed or declared.
  encoding_confidence FLOAT NOT NULL,  -- 0-1, how sure the encoding is.
  encoding_runner_up VARCHAR,  -- The next best encoding, where the choice was close.
  replacement_chars INTEGER NOT NULL,  -- How many U+FFFD are in the text.
  repairs VARCHAR[] NOT NULL,  -- The steps that repaired the text, in their order.
  text_sha256 VARCHAR NOT NULL,  -- SHA-256 of text in UTF-8: equal where two encodings of one article met.
  char_count INTEGER NOT NULL,  -- Characters (code points) in text.
  word_count INTEGER NOT NULL,  -- Words in text by Unicode rules (UAX #29).
  line_count INTEGER NOT NULL,  -- Lines in text.
  normaliser_version VARCHAR NOT NULL,  -- Version of the rules that made this row; a change may change rows.
  batch_id VARCHAR NOT NULL,  -- The batch that this record was published in.
  ingested_at TIMESTAMP WITH TIME ZONE NOT NULL,  -- When the batch was ingested.
  ingest_date DATE NOT NULL  -- The UTC day of ingested_at; the name of the partition folder, not in the files.
);

CREATE TABLE deliveries (  -- schema version 2
  run_id VARCHAR NOT NULL,  -- The run that took the delivery in.
  batch_id VARCHAR NOT NULL,  -- The batch that the delivery was part of.
  path VARCHAR NOT NULL,  -- Path below the landing root, written as source_path; a.zip!/name for a member.
  is_member BOOLEAN NOT NULL,  -- Whether it is an archive member; the archive has a row before it.
  source_bytes BIGINT NOT NULL,  -- Size in bytes when it was taken.
  source_modified_at TIMESTAMP WITH TIME ZONE NOT NULL,  -- When the file was last modified, by its own clock.
  record_id VARCHAR,  -- SHA-256 of its bytes; null where they were not read.
  outcome VARCHAR NOT NULL,  -- published, duplicate or rejected.
  reason VARCHAR,  -- Why it was rejected: EMPTY, BINARY, TOO_LARGE ...
  detail VARCHAR,  -- The same as a sentence: what was seen.
  settled_as VARCHAR,  -- Where the landed file is now, below the landing root; null if not moved.
  ingested_at TIMESTAMP WITH TIME ZONE NOT NULL,  -- When its batch was taken.
  settled_at TIMESTAMP WITH TIME ZONE NOT NULL,  -- When its batch was published and its file out of the way.
  run_date DATE NOT NULL  -- The UTC day on which the run began; the name of the partition folder, not in the files.
);
