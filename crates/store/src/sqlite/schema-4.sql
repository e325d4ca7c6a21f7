-- Schema 4. Released: never change this file; write schema-5.sql.
--
-- Suspended instances: since when and why. Those of older releases are not.
ALTER TABLE instances ADD COLUMN suspended_ms INTEGER;
ALTER TABLE instances ADD COLUMN suspended_why TEXT;
-- What a job listens to (ListenerEvent::number), if it is a listener. Those of older releases are not.
ALTER TABLE jobs ADD COLUMN listener INTEGER;
