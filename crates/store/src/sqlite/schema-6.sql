-- Schema 6. Released: never change this file; write schema-7.sql.
--
-- Instances that were cancelled and live on: how many user tasks' canceling listeners they wait for.
-- Those of older releases say nothing of it until one of these is done.
ALTER TABLE instances ADD COLUMN canceling INTEGER;
