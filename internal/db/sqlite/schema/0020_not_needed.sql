-- +goose Up
-- tempdb needs no backup, and other system databases only where a policy
-- promises it: none of them is counted as one that cannot be restored.
UPDATE protections SET trouble = 0, late_at = 9223372036854775807
WHERE lower(database) = 'tempdb' OR lower(database) IN ('master', 'model', 'msdb') AND policy_id = '' AND objective = 0 AND due = 0;
UPDATE catalogue_tally SET broken = (SELECT count(*) FROM protections WHERE shown = 1 AND trouble = 1),
  unprotected = (SELECT count(*) FROM protections WHERE shown = 1 AND trouble = 2);
