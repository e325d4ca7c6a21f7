-- Schema 5. Released: never change this file; write schema-6.sql.
--
-- Deleted definitions and graphs: when. Those of older releases are not.
ALTER TABLE definitions ADD COLUMN deleted_ms INTEGER;
ALTER TABLE decision_graphs ADD COLUMN deleted_ms INTEGER;
