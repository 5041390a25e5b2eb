
-- What came of it.
SELECT @taken = ISNULL(SUM(CASE WHEN t.outcome IN (N'taken', N'could be taken') THEN 1 ELSE 0 END), 0), @failed = ISNULL(SUM(CASE WHEN t.outcome = N'failed' THEN 1 ELSE 0 END), 0), @left = ISNULL(SUM(CASE WHEN t.outcome = N'left out' THEN 1 ELSE 0 END), 0) FROM @todo AS t;
SET @line = N'';
RAISERROR(N'%s', 0, 1, @line) WITH NOWAIT;
IF @stop IS NULL
BEGIN
    SET @line = N'Summary: ' + CONVERT(nvarchar(10), @taken) + CASE WHEN @run = 1 THEN N' taken, ' ELSE N' could be taken, ' END + CONVERT(nvarchar(10), @failed) + N' failed, ' + CONVERT(nvarchar(10), @left) + N' left out.';
    RAISERROR(N'%s', 0, 1, @line) WITH NOWAIT;
    SET @n = 0;
    WHILE @n IS NOT NULL
    BEGIN
        SET @n = (SELECT MIN(t.n) FROM @todo AS t WHERE t.n > @n);
        SELECT @line = N'  ' + t.outcome + N': ' + QUOTENAME(REPLACE(REPLACE(t.name, NCHAR(13), N'?'), NCHAR(10), N'?')) + ISNULL(N'  upload ' + t.path, N'') + ISNULL(N'  (' + CONVERT(nvarchar(20), (t.bytes + 1048575) / 1048576) + N' MB)', N'') FROM @todo AS t WHERE t.n = @n;
        IF @n IS NOT NULL
            RAISERROR(N'%s', 0, 1, @line) WITH NOWAIT;
    END
    SELECT t.name AS [database], t.outcome AS [outcome], t.path AS [upload], t.bytes AS [bytes] FROM @todo AS t ORDER BY t.n;
END
IF @stop IS NULL AND @run = 0
    RAISERROR(N'Next: set @run = 1 at the top and run the script again.', 0, 1) WITH NOWAIT;
IF @stop IS NULL AND @run = 1 AND @taken > 0
BEGIN
    RAISERROR(N'%s', 0, 1, @next) WITH NOWAIT;
    IF @kind <> N'LOG'
        RAISERROR(N'Then: New migration, From backup files. Before the cutover run the script again with @kind = LOG; the last time after writes have been stopped.', 0, 1) WITH NOWAIT;
    ELSE
        RAISERROR(N'Then: Add files on the page of the migration. The last log is the one taken after writes have been stopped; open the target only when it is applied.', 0, 1) WITH NOWAIT;
END

-- The session as it was.
IF (@options & 512) = 0
    SET NOCOUNT OFF;
IF (@options & 16384) = 16384
    SET XACT_ABORT ON;
IF (@options & 2) = 2
    SET IMPLICIT_TRANSACTIONS ON;
SET @line = N'Not everything is as asked for: ' + CONVERT(nvarchar(10), @failed) + N' failed, ' + CONVERT(nvarchar(10), @left) + N' left out. The reasons stand above.';
IF @stop IS NOT NULL
    RAISERROR(N'%s', 16, 1, @stop);
ELSE IF @failed + @left > 0
    RAISERROR(N'%s', 16, 1, @line);
