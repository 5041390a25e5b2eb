
-- Jobs of SQL Server Agent that take backups: their history may be older than the week looked at.
BEGIN TRY
    SELECT @found = COUNT(DISTINCT j.job_id) FROM msdb.dbo.sysjobs AS j JOIN msdb.dbo.sysjobsteps AS t ON t.job_id = j.job_id WHERE j.enabled = 1 AND UPPER(t.command) LIKE N'%BACKUP%';
    SET @line = N'  warn: ' + CONVERT(nvarchar(10), @found) + N' enabled jobs of SQL Server Agent have BACKUP in a step. Make sure that they do not back up the same databases while these move.';
    IF @stop IS NULL AND @found > 0
        RAISERROR(N'%s', 0, 1, @line) WITH NOWAIT;
END TRY
BEGIN CATCH
    RAISERROR(N'  note: the jobs of SQL Server Agent could not be looked at.', 0, 1) WITH NOWAIT;
END CATCH

-- The folder.
BEGIN TRY
    IF @stop IS NULL
        INSERT INTO @place (isfile, isfolder, parent) EXEC master.sys.xp_fileexist @folder;
    SELECT @isfile = MAX(l.isfile), @there = MAX(l.isfolder) FROM @place AS l;
    IF @isfile = 1
        SET @stop = N'@folder is a file.';
    IF @stop IS NULL AND @there = 0 AND @run = 0
        RAISERROR(N'  note: the folder does not exist; it will be made.', 0, 1) WITH NOWAIT;
END TRY
BEGIN CATCH
    SET @there = NULL;
END CATCH
BEGIN TRY
    IF @stop IS NULL AND @run = 1 AND ISNULL(@there, 0) = 0
        EXEC master.sys.xp_create_subdir @folder;
END TRY
BEGIN CATCH
    SET @line = N'  warn: the folder could not be made: ' + LEFT(ERROR_MESSAGE(), 500);
    RAISERROR(N'%s', 0, 1, @line) WITH NOWAIT;
END CATCH

-- Free space: the volume of a database file that the folder lies on (2008 R2 SP1 and later), then
-- the drives (2017 and later), then the letters of Windows' drives. A network folder tells nothing.
BEGIN TRY
    SET @sql = N'SELECT TOP (1) @v = v.volume_mount_point, @f = v.available_bytes FROM master.sys.master_files AS m CROSS APPLY sys.dm_os_volume_stats(m.database_id, m.file_id) AS v WHERE UPPER(LEFT(@p, LEN(v.volume_mount_point))) = UPPER(v.volume_mount_point) ORDER BY LEN(v.volume_mount_point) DESC';
    SET @path = @folder + @separator;
    IF @stop IS NULL
        EXEC sys.sp_executesql @sql, N'@p nvarchar(300), @v nvarchar(512) OUTPUT, @f bigint OUTPUT', @p = @path, @v = @volume OUTPUT, @f = @free OUTPUT;
END TRY
BEGIN CATCH
    SET @free = NULL;
END CATCH
BEGIN TRY
    SET @sql = N'SELECT TOP (1) @v = d.fixed_drive_path, @f = d.free_space_in_bytes FROM sys.dm_os_enumerate_fixed_drives AS d WHERE UPPER(LEFT(@p, LEN(d.fixed_drive_path))) = UPPER(d.fixed_drive_path) ORDER BY LEN(d.fixed_drive_path) DESC';
    IF @stop IS NULL AND @free IS NULL AND @major >= 14
        EXEC sys.sp_executesql @sql, N'@p nvarchar(300), @v nvarchar(512) OUTPUT, @f bigint OUTPUT', @p = @path, @v = @volume OUTPUT, @f = @free OUTPUT;
END TRY
BEGIN CATCH
    SET @free = NULL;
END CATCH
BEGIN TRY
    IF @stop IS NULL AND @free IS NULL AND SUBSTRING(@folder, 2, 1) = N':'
    BEGIN
        INSERT INTO @drives (drive, megabytes) EXEC master.sys.xp_fixeddrives;
        SELECT @free = MAX(d.megabytes) * 1048576, @volume = UPPER(LEFT(@folder, 1)) + N':' FROM @drives AS d WHERE UPPER(LEFT(d.drive, 1)) = UPPER(LEFT(@folder, 1));
    END
END TRY
BEGIN CATCH
    SET @free = NULL;
END CATCH
SELECT @need = ISNULL(SUM(ISNULL(t.used, 0)), 0) FROM @todo AS t WHERE t.n NOT IN (SELECT s.n FROM @says AS s WHERE s.grade = N'stop');
IF @stop IS NULL AND @free IS NULL
    RAISERROR(N'  note: the server does not tell how much is free at the folder. Look for yourself.', 0, 1) WITH NOWAIT;
ELSE IF @stop IS NULL
BEGIN
    SET @line = N'Folder ' + @folder + N': ' + CONVERT(nvarchar(20), @free / 1048576) + N' MB free on ' + @volume + N'; the backups have at most about ' + CONVERT(nvarchar(20), @need / 1048576) + N' MB before compression.';
    RAISERROR(N'%s', 0, 1, @line) WITH NOWAIT;
    IF @need > @free AND @kind <> N'FULL'
        RAISERROR(N'  warn: they may not fit: how much of that they hold is not known before. What does not fit fails, and the others go on.', 0, 1) WITH NOWAIT;
    ELSE IF @need > @free AND @packs = 1
        RAISERROR(N'  warn: they fit only if compression makes them small enough. What does not fit fails, and the others go on.', 0, 1) WITH NOWAIT;
    ELSE IF @need > @free
        SET @stop = N'The folder has too little free space for the backups. Choose another folder, or fewer databases. Nothing was taken.';
END
