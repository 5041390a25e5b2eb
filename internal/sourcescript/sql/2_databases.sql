
-- Which databases. The server itself compares names, by its own collation.
IF @stop IS NULL AND NOT EXISTS (SELECT 1 FROM @wanted)
    INSERT INTO @todo (id, name) SELECT d.database_id, d.name FROM master.sys.databases AS d WHERE d.database_id > 4 AND d.source_database_id IS NULL AND d.is_distributor = 0 ORDER BY d.name;
ELSE IF @stop IS NULL
    INSERT INTO @todo (id, name) SELECT DB_ID(w.name), ISNULL(DB_NAME(DB_ID(w.name)), w.name) FROM @wanted AS w ORDER BY w.n;
IF @stop IS NULL AND NOT EXISTS (SELECT 1 FROM @todo)
    SET @stop = N'This server has no user database that this login can see.';

-- What stands against the backup of each (stop), and what should be known (warn).
WHILE @stop IS NULL
BEGIN
    SET @n = (SELECT MIN(t.n) FROM @todo AS t WHERE t.n > @n);
    IF @n IS NULL
        BREAK;
    SELECT @id = t.id, @name = t.name FROM @todo AS t WHERE t.n = @n;
    IF EXISTS (SELECT 1 FROM @todo AS t WHERE t.id = @id AND t.n < @n)
    BEGIN
        DELETE FROM @todo WHERE n = @n; -- named twice, in two spellings
        CONTINUE;
    END
    SELECT @state = NULL, @model = NULL, @verify = NULL, @standby = NULL, @readonly = NULL, @snapshot = NULL, @tde = NULL, @distributor = NULL;
    SELECT @chain = NULL, @base = NULL, @base_at = NULL, @group = NULL, @role = NULL, @good = NULL, @fd = 0, @fx = 0, @used = NULL;
    SELECT @state = d.state_desc, @model = d.recovery_model_desc, @verify = d.page_verify_option_desc, @standby = d.is_in_standby, @readonly = d.is_read_only,
        @snapshot = d.source_database_id, @tde = d.is_encrypted, @distributor = d.is_distributor FROM master.sys.databases AS d WHERE d.database_id = @id;

    IF @state IS NULL
        INSERT INTO @says (n, grade, text) VALUES (@n, N'stop', N'The server has no database of this name that this login can see. Compare the spelling with sys.databases.');
    ELSE IF @id <= 4 OR @distributor = 1
        INSERT INTO @says (n, grade, text) VALUES (@n, N'stop', N'This is a system database. It does not move to another server.');
    ELSE IF @snapshot IS NOT NULL
        INSERT INTO @says (n, grade, text) VALUES (@n, N'stop', N'This is a database snapshot, which cannot be backed up. Name the database that it was made of.');
    ELSE IF @state <> N'ONLINE'
        INSERT INTO @says (n, grade, text) VALUES (@n, N'stop', N'It is ' + @state + N'. It must be ONLINE to be backed up.');
    ELSE IF @standby = 1
        INSERT INTO @says (n, grade, text) VALUES (@n, N'stop', N'It is in standby between two restores of logs and cannot be backed up (error 3036). Back up the database that its logs come from.');
    ELSE IF COALESCE(HAS_PERMS_BY_NAME(QUOTENAME(@name), 'DATABASE', 'BACKUP DATABASE'), HAS_PERMS_BY_NAME(@name, 'DATABASE', 'BACKUP DATABASE'), 1) = 0
        INSERT INTO @says (n, grade, text) VALUES (@n, N'stop', N'This login may not back it up. It needs the role db_backupoperator or db_owner in it, or sysadmin.');
    IF @state IS NULL OR EXISTS (SELECT 1 FROM @says AS s WHERE s.n = @n)
        CONTINUE;

    -- Recovery model and page verify.
    IF @model = N'SIMPLE' AND @kind = N'LOG'
        INSERT INTO @says (n, grade, text) VALUES (@n, N'stop', N'Its recovery model is SIMPLE: there are no log backups (error 4208). ALTER DATABASE ' + QUOTENAME(@name) + N' SET RECOVERY FULL, take a FULL backup, then LOG backups.');
    ELSE IF @model = N'SIMPLE'
        INSERT INTO @says (n, grade, text) VALUES (@n, N'warn', N'Its recovery model is SIMPLE: no log backup can follow this one. If logs are to follow: ALTER DATABASE ' + QUOTENAME(@name) + N' SET RECOVERY FULL, then take the FULL backup.');
    ELSE IF @model = N'BULK_LOGGED'
        INSERT INTO @says (n, grade, text) VALUES (@n, N'warn', N'Its recovery model is BULK_LOGGED: no restore can stop inside a log with minimally logged changes, and cloud services ask for FULL. ALTER DATABASE ' + QUOTENAME(@name) + N' SET RECOVERY FULL.');
    IF @verify <> N'CHECKSUM'
        INSERT INTO @says (n, grade, text) VALUES (@n, N'warn', N'Its page verify is ' + @verify + N': damage on disk may go unnoticed into the backup. ALTER DATABASE ' + QUOTENAME(@name) + N' SET PAGE_VERIFY CHECKSUM.');
    IF @readonly = 1
        INSERT INTO @says (n, grade, text) VALUES (@n, N'warn', N'It is read-only, and so it will be on the target.');

    -- Is there what a differential or a log builds on? The engine knows, whatever msdb has forgotten.
    SELECT @found = COUNT(*), @chain = MAX(r.last_log_backup_lsn) FROM master.sys.database_recovery_status AS r WHERE r.database_id = @id;
    IF @kind = N'LOG' AND @model <> N'SIMPLE' AND @found = 0
        INSERT INTO @says (n, grade, text) VALUES (@n, N'warn', N'This login cannot see whether a full backup has begun its chain of logs. If none has, the backup fails (error 4214).');
    ELSE IF @kind = N'LOG' AND @model <> N'SIMPLE' AND @chain IS NULL
        INSERT INTO @says (n, grade, text) VALUES (@n, N'stop', N'Nothing has begun its chain of logs yet (error 4214). Take a FULL backup first.');
    SELECT @found = COUNT(*) FROM master.sys.master_files AS f WHERE f.database_id = @id AND f.type = 0;
    SELECT TOP (1) @base = f.differential_base_guid, @base_at = f.differential_base_time FROM master.sys.master_files AS f WHERE f.database_id = @id AND f.type = 0 ORDER BY f.file_id;
    IF @kind = N'DIFF' AND @found = 0
        INSERT INTO @says (n, grade, text) VALUES (@n, N'warn', N'This login cannot see which full backup a differential builds on. If there is none, the backup fails (error 3035).');
    ELSE IF @kind = N'DIFF' AND @base IS NULL
        INSERT INTO @says (n, grade, text) VALUES (@n, N'stop', N'There is no full backup that a differential could build on (error 3035). Take a FULL backup first, not a copy-only one.');
    ELSE IF @kind = N'DIFF'
    BEGIN
        BEGIN TRY
            SET @text = NULL;
            SELECT TOP (1) @text = CASE WHEN s.is_snapshot = 1 THEN N'a snapshot of another tool, which no file holds: take a FULL backup first' ELSE m.physical_device_name END
                FROM msdb.dbo.backupset AS s JOIN msdb.dbo.backupmediafamily AS m ON m.media_set_id = s.media_set_id WHERE s.backup_set_uuid = @base AND s.type = 'D' ORDER BY m.family_sequence_number;
            INSERT INTO @says (n, grade, text) VALUES (@n, N'warn', N'This differential builds on the full backup of ' + ISNULL(CONVERT(nvarchar(19), @base_at, 120), N'an unknown time') + N' (its time as the server tells it): ' + ISNULL(@text, N'msdb does not know its file') + N'. It is of use only where that one was restored.');
        END TRY
        BEGIN CATCH
            INSERT INTO @says (n, grade, text) VALUES (@n, N'warn', N'Which full backup the differential builds on could not be looked up in msdb: ' + LEFT(ERROR_MESSAGE(), 500));
        END CATCH
    END

    -- The last DBCC CHECKDB without errors: a property since 2016 SP2, a page of the database before.
    BEGIN TRY
        SET @good = CONVERT(datetime, DATABASEPROPERTYEX(@name, 'LastGoodCheckDbTime'));
        IF @good IS NULL AND @major < 14 AND @admin = 1
        BEGIN
            DELETE FROM @info;
            SET @sql = N'DBCC DBINFO (N''' + REPLACE(@name, N'''', N'''''') + N''') WITH TABLERESULTS, NO_INFOMSGS';
            INSERT INTO @info (parent, object, field, value) EXEC (@sql);
            SELECT @good = CONVERT(datetime, MAX(i.value), 121) FROM @info AS i WHERE i.field = N'dbi_dbccLastKnownGood';
        END
        IF @good IS NULL AND @major < 14 AND @admin = 0
            INSERT INTO @says (n, grade, text) VALUES (@n, N'warn', N'Only a sysadmin can see when DBCC CHECKDB last found no errors. Make sure that it has run.');
        ELSE IF @good IS NULL OR @good < '19010101'
            INSERT INTO @says (n, grade, text) VALUES (@n, N'warn', N'The server knows of no DBCC CHECKDB without errors. Run it first: errors would travel with the backup.');
        ELSE IF @good < DATEADD(day, -@check_days, GETDATE())
            INSERT INTO @says (n, grade, text) VALUES (@n, N'warn', N'The last DBCC CHECKDB without errors was on ' + CONVERT(nvarchar(10), @good, 120) + N'. Run it again before you rely on the backup.');
    END TRY
    BEGIN CATCH
        INSERT INTO @says (n, grade, text) VALUES (@n, N'warn', N'When DBCC CHECKDB last found no errors could not be looked up: ' + LEFT(ERROR_MESSAGE(), 500));
    END CATCH

    -- Availability groups (2012 and later).
    BEGIN TRY
        IF @major >= 11
        BEGIN
            SET @sql = N'SELECT @g = g.name, @r = s.role_desc FROM master.sys.databases AS d JOIN master.sys.availability_replicas AS r ON r.replica_id = d.replica_id JOIN master.sys.availability_groups AS g ON g.group_id = r.group_id JOIN master.sys.dm_hadr_availability_replica_states AS s ON s.replica_id = d.replica_id WHERE d.database_id = @d';
            EXEC sys.sp_executesql @sql, N'@d int, @g nvarchar(128) OUTPUT, @r nvarchar(60) OUTPUT', @d = @id, @g = @group OUTPUT, @r = @role OUTPUT;
        END
        IF @group IS NOT NULL AND @role <> N'PRIMARY' AND @major < 17 AND (@kind = N'DIFF' OR @kind = N'FULL' AND @copy_only = 0)
            INSERT INTO @says (n, grade, text) VALUES (@n, N'stop', N'It is the ' + LOWER(@role) + N' replica of the availability group ' + QUOTENAME(@group) + N', where before SQL Server 2025 only copy-only full backups and log backups can be taken. Run the script on the primary replica.');
        ELSE IF @group IS NOT NULL
            INSERT INTO @says (n, grade, text) VALUES (@n, N'warn', N'It is in the availability group ' + QUOTENAME(@group) + N' (' + LOWER(ISNULL(@role, N'role unknown')) + N' replica). Log backups of all its replicas are one chain: those taken elsewhere are needed too, or their jobs are turned off.');
    END TRY
    BEGIN CATCH
        INSERT INTO @says (n, grade, text) VALUES (@n, N'warn', N'Whether it is in an availability group could not be looked up: ' + LEFT(ERROR_MESSAGE(), 500));
    END CATCH

    -- Inside the database: FILESTREAM (FD), memory-optimised (FX), and how much it holds, for which a login may lack the right.
    BEGIN TRY
        SET @proc = QUOTENAME(@name) + N'.sys.sp_executesql';
        SET @sql = N'SELECT @a = (SELECT COUNT(*) FROM sys.data_spaces AS s WHERE s.type = ''FD''), @b = (SELECT COUNT(*) FROM sys.data_spaces AS s WHERE s.type = ''FX'')';
        IF HAS_DBACCESS(@name) = 1
        BEGIN
            EXEC @proc @sql, N'@a int OUTPUT, @b int OUTPUT', @a = @fd OUTPUT, @b = @fx OUTPUT;
        END
        ELSE
            INSERT INTO @says (n, grade, text) VALUES (@n, N'warn', N'This login cannot look inside it: FILESTREAM and memory-optimised file groups were not looked for.');
    END TRY
    BEGIN CATCH
        INSERT INTO @says (n, grade, text) VALUES (@n, N'warn', N'Its file groups could not be looked at: ' + LEFT(ERROR_MESSAGE(), 500));
    END CATCH
    BEGIN TRY
        SET @sql = N'SELECT @c = SUM(CONVERT(bigint, p.reserved_page_count)) * 8192 FROM sys.dm_db_partition_stats AS p';
        IF @kind = N'LOG'
            SET @sql = N'SELECT @c = MAX(u.used_log_space_in_bytes) FROM sys.dm_db_log_space_usage AS u';
        IF HAS_DBACCESS(@name) = 1 AND (@kind <> N'LOG' OR @major >= 11)
            EXEC @proc @sql, N'@c bigint OUTPUT', @c = @used OUTPUT;
    END TRY
    BEGIN CATCH
        SET @used = NULL;
    END CATCH
    IF @used IS NULL
        SELECT @used = SUM(CONVERT(bigint, f.size)) * 8192 FROM master.sys.master_files AS f WHERE f.database_id = @id AND f.type = CASE WHEN @kind = N'LOG' THEN 1 ELSE 0 END;
    UPDATE @todo SET used = @used WHERE n = @n;
    IF @fd > 0 AND @takes_filestream = 0
        INSERT INTO @says (n, grade, text) VALUES (@n, N'stop', N'It has FILESTREAM data, which ' + @target + N' does not take. Move it into varbinary(max) columns or leave it out.');
    ELSE IF @fd > 0
        INSERT INTO @says (n, grade, text) VALUES (@n, N'warn', N'It has FILESTREAM data: the target must have FILESTREAM turned on to open it (error 5591).');
    IF @fx > 0
        INSERT INTO @says (n, grade, text) VALUES (@n, N'warn', N'It has a memory-optimised file group. The target must have an edition and memory for it, and the file group cannot be dropped again.');
    IF @tde = 1 AND @takes_encrypted = 0
        INSERT INTO @says (n, grade, text) VALUES (@n, N'stop', N'It is encrypted (TDE), and ' + @target + N' does not have its certificate. ALTER DATABASE ' + QUOTENAME(@name) + N' SET ENCRYPTION OFF, wait until it is decrypted, and drop its key.');
    ELSE IF @tde = 1
        INSERT INTO @says (n, grade, text) VALUES (@n, N'warn', N'It is encrypted (TDE): the target needs its certificate with the private key before the restore (error 33111).');
    IF @max_bytes > 0 AND @used > @max_bytes
        INSERT INTO @says (n, grade, text) VALUES (@n, N'warn', N'The backup may have ' + CONVERT(nvarchar(20), @used / 1048576) + N' MB before compression, and ' + @target + N' takes files of at most ' + CONVERT(nvarchar(20), @max_bytes / 1048576) + N' MB.');

    -- Names that the target refuses. There it may have another name.
    IF @strict_names = 1 AND EXISTS (SELECT 1 FROM @reserved AS r WHERE r.name = LOWER(@name))
        INSERT INTO @says (n, grade, text) VALUES (@n, N'warn', N'The target keeps this name for itself: the database needs another one there.');
    ELSE IF @strict_names = 1 AND LEN(@name) > 124
        INSERT INTO @says (n, grade, text) VALUES (@n, N'warn', N'The name has more than 124 characters: the database needs another one on the target.');
    ELSE IF @strict_names = 1 AND (CHARINDEX(NCHAR(9), @name) > 0 OR CHARINDEX(NCHAR(10), @name) > 0 OR CHARINDEX(NCHAR(13), @name) > 0)
        INSERT INTO @says (n, grade, text) VALUES (@n, N'warn', N'The name holds a control character: the database needs another one on the target.');

    -- Backups by others. Logs that they take are part of the same chain.
    BEGIN TRY
        SELECT @found = COUNT(*), @last = MAX(s.backup_finish_date), @by = MAX(ISNULL(s.user_name, N'?')) FROM msdb.dbo.backupset AS s WHERE s.database_name = @name AND s.backup_finish_date > DATEADD(day, -7, GETDATE())
            AND s.type = 'L' AND s.is_copy_only = 0 AND s.server_name IN (@server, @@SERVERNAME) AND ISNULL(s.name, N'') NOT LIKE N'Script of Bakplane%';
        IF @found > 0
            INSERT INTO @says (n, grade, text) VALUES (@n, N'warn', CONVERT(nvarchar(10), @found) + N' log backups of the last 7 days are not by this script (the last on ' + CONVERT(nvarchar(19), @last, 120) + N', by ' + ISNULL(@by, N'?') + N'). From the full backup on they are links of the chain: upload them too, or turn that job off until the move is over.');
        SELECT @found = COUNT(*), @last = MAX(s.backup_finish_date), @by = MAX(ISNULL(s.user_name, N'?')) FROM msdb.dbo.backupset AS s WHERE s.database_name = @name AND s.backup_finish_date > DATEADD(day, -7, GETDATE())
            AND s.type IN ('D', 'I') AND s.is_copy_only = 0 AND s.server_name IN (@server, @@SERVERNAME) AND ISNULL(s.name, N'') NOT LIKE N'Script of Bakplane%';
        IF @found > 0 AND @kind = N'FULL' AND @copy_only = 0
            INSERT INTO @says (n, grade, text) VALUES (@n, N'warn', N'Others take full or differential backups too (' + CONVERT(nvarchar(10), @found) + N' in the last 7 days, by ' + ISNULL(@by, N'?') + N'). Their next differentials build on this full backup: keep its file, or set @copy_only = 1 and do without differentials of your own.');
        ELSE IF @found > 0 AND @kind = N'DIFF'
            INSERT INTO @says (n, grade, text) VALUES (@n, N'warn', N'Others take full or differential backups too (' + CONVERT(nvarchar(10), @found) + N' in the last 7 days, by ' + ISNULL(@by, N'?') + N'). A full one of theirs since yours becomes the base of this differential, see above.');
        SELECT @found = COUNT(*) FROM msdb.dbo.log_shipping_primary_databases AS p WHERE p.primary_database = @name;
        IF @found > 0
            INSERT INTO @says (n, grade, text) VALUES (@n, N'warn', N'Log shipping takes its log backups. They are links of the same chain: upload them too, or stop log shipping until the move is over.');
    END TRY
    BEGIN CATCH
        INSERT INTO @says (n, grade, text) VALUES (@n, N'warn', N'Whether others back it up could not be looked up in msdb: ' + LEFT(ERROR_MESSAGE(), 500));
    END CATCH
END
