
-- One after the other. What fails says why, and the next one follows.
SET @n = 0;
WHILE @stop IS NULL
BEGIN
    SET @n = (SELECT MIN(t.n) FROM @todo AS t WHERE t.n > @n);
    IF @n IS NULL
        BREAK;
    SELECT @id = t.id, @name = t.name, @used = t.used FROM @todo AS t WHERE t.n = @n;
    SET @shown = QUOTENAME(REPLACE(REPLACE(@name, NCHAR(13), N'?'), NCHAR(10), N'?'));
    SET @line = N'';
    RAISERROR(N'%s', 0, 1, @line) WITH NOWAIT;
    RAISERROR(N'%s', 0, 1, @shown) WITH NOWAIT;
    SET @told = 0;
    WHILE @told IS NOT NULL
    BEGIN
        SET @told = (SELECT MIN(s.k) FROM @says AS s WHERE s.n = @n AND s.k > @told);
        SELECT @line = N'  ' + s.grade + N': ' + s.text FROM @says AS s WHERE s.k = @told;
        IF @told IS NOT NULL
            RAISERROR(N'%s', 0, 1, @line) WITH NOWAIT;
    END
    IF EXISTS (SELECT 1 FROM @says AS s WHERE s.n = @n AND s.grade = N'stop')
    BEGIN
        UPDATE @todo SET outcome = N'left out' WHERE n = @n;
        CONTINUE;
    END

    -- The file's name: letters and digits of the database's, the kind, the time in UTC, and eight characters that make it the only one.
    SET @safe = N'';
    SET @i = 1;
    WHILE @i <= LEN(@name) AND LEN(@safe) < 60
    BEGIN
        SET @code = UNICODE(SUBSTRING(@name, @i, 1));
        IF @code BETWEEN 48 AND 57 OR @code BETWEEN 65 AND 90 OR @code BETWEEN 97 AND 122
            SET @safe = @safe + NCHAR(@code);
        SET @i = @i + 1;
    END
    IF @safe = N''
        SET @safe = N'database';
    SET @at = GETUTCDATE();
    SET @suffix = LEFT(REPLACE(CONVERT(nvarchar(36), NEWID()), N'-', N''), 8);
    SET @file = @safe + @kind + CONVERT(nvarchar(8), @at, 112) + REPLACE(CONVERT(nvarchar(8), @at, 108), N':', N'') + @suffix + N'.bak';
    SET @path = @folder + CASE WHEN RIGHT(@folder, 1) = @separator THEN N'' ELSE @separator END + @file;
    SET @set = N'Script of Bakplane: ' + @kind + N' ' + @suffix;
    SET @sql = N'BACKUP ' + CASE WHEN @kind = N'LOG' THEN N'LOG ' ELSE N'DATABASE ' END + QUOTENAME(@name) + N' TO DISK = N''' + REPLACE(@path, N'''', N'''''') + N''' WITH ';
    SET @sql = @sql + CASE WHEN @kind = N'DIFF' THEN N'DIFFERENTIAL, ' WHEN @kind = N'FULL' AND @copy_only = 1 THEN N'COPY_ONLY, ' ELSE N'' END + N'CHECKSUM, FORMAT, INIT, NAME = N''' + @set + N''', ';
    SET @sql = @sql + CASE WHEN @packs = 1 THEN N'COMPRESSION, ' ELSE N'' END + N'STATS = 10';
    SET @line = CASE WHEN @run = 1 THEN N'  ' ELSE N'  would run: ' END + @sql;
    RAISERROR(N'%s', 0, 1, @line) WITH NOWAIT;
    IF @run = 0
    BEGIN
        UPDATE @todo SET outcome = N'could be taken' WHERE n = @n;
        CONTINUE;
    END

    -- Not inside TRY: CATCH would keep the first error, which tells the cause, from whoever reads this.
    EXEC (@sql);
    SET @error = @@ERROR;
    IF @error = 3009
        RAISERROR(N'  warn: the backup is whole, only its row in msdb could not be written (error 3009).', 0, 1) WITH NOWAIT;
    SET @bytes = NULL;
    BEGIN TRY
        SELECT @bytes = MAX(s.compressed_backup_size) FROM msdb.dbo.backupset AS s WHERE s.name = @set AND s.backup_finish_date > DATEADD(day, -30, GETDATE());
    END TRY
    BEGIN CATCH
        SET @bytes = NULL;
    END CATCH
    UPDATE @todo SET outcome = CASE WHEN @error IN (0, 3009) THEN N'taken' ELSE N'failed' END, path = CASE WHEN @error IN (0, 3009) THEN @path END, bytes = @bytes WHERE n = @n;
END
