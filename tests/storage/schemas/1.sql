-- The shape of ledger version 1, as SQLite has it. Never changed: a new version gets a file of its own.
CREATE TABLE longshore (
	"key" TEXT NOT NULL,
	value TEXT NOT NULL,
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
	settled_at DATETIME,
	after_ingest TEXT,
	PRIMARY KEY (batch_no)
);
CREATE INDEX ix_batches_batch_id ON batches (batch_id);
CREATE INDEX batches_unfinished ON batches (batch_no) WHERE state <> 'settled';
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
	settled_as TEXT,
	PRIMARY KEY (delivery_no)
);
CREATE INDEX ix_deliveries_batch_no ON deliveries (batch_no);
CREATE INDEX deliveries_rejected ON deliveries (delivery_no) WHERE outcome = 'rejected';
CREATE TABLE kept (
	path TEXT NOT NULL,
	size BIGINT NOT NULL,
	modified_ns BIGINT NOT NULL,
	stuck BOOLEAN DEFAULT 0 NOT NULL,
	PRIMARY KEY (path)
)
 WITHOUT ROWID;
