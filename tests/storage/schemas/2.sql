-- The shape of ledger version 2, as SQLite has it. Never changed: a new version gets a file of its own.
CREATE TABLE longshore (
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	row_check INTEGER GENERATED ALWAYS AS (longshore_check(CAST("key" AS BLOB), CAST("value" AS BLOB))) STORED, 
	PRIMARY KEY ("key")
);
CREATE TABLE runs (
	run_no INTEGER NOT NULL, 
	run_id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	state TEXT NOT NULL, 
	started_at DATETIME NOT NULL, 
	ended_at DATETIME, 
	host TEXT NOT NULL, 
	pid INTEGER NOT NULL, 
	summary TEXT, 
	row_check INTEGER GENERATED ALWAYS AS (longshore_check("run_no", CAST("run_id" AS BLOB), CAST("kind" AS BLOB), CAST("state" AS BLOB), CAST("started_at" AS BLOB), CAST("ended_at" AS BLOB), CAST("host" AS BLOB), "pid", CAST("summary" AS BLOB))) STORED, 
	PRIMARY KEY (run_no)
);
CREATE INDEX runs_open ON runs (run_no) WHERE state = 'running';
CREATE TABLE batches (
	batch_no INTEGER NOT NULL, 
	batch_id TEXT NOT NULL, 
	run_no BIGINT NOT NULL, 
	state TEXT NOT NULL, 
	part TEXT, 
	rows BIGINT DEFAULT '0' NOT NULL, 
	part_bytes BIGINT, 
	part_sha256 BLOB, 
	published INTEGER DEFAULT '0' NOT NULL, 
	duplicates INTEGER DEFAULT '0' NOT NULL, 
	rejected INTEGER DEFAULT '0' NOT NULL, 
	ingested_at DATETIME NOT NULL, 
	finalized_at DATETIME, 
	after_ingest TEXT, 
	row_check INTEGER GENERATED ALWAYS AS (longshore_check("batch_no", CAST("batch_id" AS BLOB), "run_no", CAST("state" AS BLOB), CAST("part" AS BLOB), "rows", "part_bytes", CAST("part_sha256" AS BLOB), "published", "duplicates", "rejected", CAST("ingested_at" AS BLOB), CAST("finalized_at" AS BLOB), CAST("after_ingest" AS BLOB))) STORED, 
	PRIMARY KEY (batch_no)
);
CREATE INDEX batches_part ON batches (part);
CREATE INDEX ix_batches_batch_id ON batches (batch_id);
CREATE INDEX batches_unfinished ON batches (batch_no) WHERE state <> 'finalized';
CREATE TABLE sources (
	record_id BLOB NOT NULL, 
	batch_no INTEGER NOT NULL, 
	PRIMARY KEY (record_id)
)
 WITHOUT ROWID;
CREATE TABLE deliveries (
	delivery_no INTEGER NOT NULL, 
	batch_no INTEGER NOT NULL, 
	path TEXT NOT NULL, 
	is_member BOOLEAN NOT NULL, 
	size BIGINT NOT NULL, 
	modified_ns BIGINT NOT NULL, 
	inode BIGINT NOT NULL, 
	record_id BLOB, 
	outcome TEXT NOT NULL, 
	reason TEXT, 
	detail TEXT, 
	finalized_as TEXT, 
	changed_ns BIGINT, 
	row_check INTEGER GENERATED ALWAYS AS (longshore_check("delivery_no", "batch_no", CAST("path" AS BLOB), "is_member", "size", "modified_ns", "inode", CAST("record_id" AS BLOB), CAST("outcome" AS BLOB), CAST("reason" AS BLOB), CAST("detail" AS BLOB), CAST("finalized_as" AS BLOB), "changed_ns")) STORED, 
	PRIMARY KEY (delivery_no)
);
CREATE INDEX ix_deliveries_batch_no ON deliveries (batch_no);
CREATE INDEX deliveries_rejected ON deliveries (delivery_no) WHERE outcome = 'rejected';
CREATE TABLE kept (
	path TEXT NOT NULL, 
	size BIGINT NOT NULL, 
	modified_ns BIGINT NOT NULL, 
	stuck BOOLEAN DEFAULT 0 NOT NULL, 
	changed_ns BIGINT, 
	inode BIGINT, 
	row_check INTEGER GENERATED ALWAYS AS (longshore_check(CAST("path" AS BLOB), "size", "modified_ns", "stuck", "changed_ns", "inode")) STORED, 
	PRIMARY KEY (path)
)
 WITHOUT ROWID;
CREATE TABLE rewrites (
	rewrite_no INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	kind TEXT NOT NULL, 
	run_no BIGINT NOT NULL, 
	partition TEXT NOT NULL, 
	state TEXT NOT NULL, 
	"plan" TEXT, 
	ended_at BIGINT
);
CREATE TABLE rewritten_records (
	rewrite_no BIGINT NOT NULL, 
	record_id BLOB NOT NULL, 
	PRIMARY KEY (rewrite_no, record_id)
);
CREATE TABLE forgotten (
	record_id BLOB NOT NULL, 
	asked_at BIGINT NOT NULL, 
	done_at BIGINT, 
	row_check INTEGER GENERATED ALWAYS AS (longshore_check(CAST("record_id" AS BLOB), "asked_at", "done_at")) STORED, 
	PRIMARY KEY (record_id)
);
