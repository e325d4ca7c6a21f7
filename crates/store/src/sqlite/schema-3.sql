-- Schema 3. Released: never change this file; write schema-4.sql.
--
-- Instances that a call activity has started, and in the chain of which instance. Those of older
-- releases were started by nobody.
ALTER TABLE instances ADD COLUMN parent INTEGER;
ALTER TABLE instances ADD COLUMN parent_element INTEGER;
ALTER TABLE instances ADD COLUMN root INTEGER;
CREATE INDEX instances_by_parent ON instances (parent) WHERE parent IS NOT NULL;
